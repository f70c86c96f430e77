#include "recorded_steps.h"

#include "common/base/json.h"

static struct buf steps;
static bool has_output;
static long long text_length;

const char *recorded_steps(void)
{
	return buf_cstr(&steps);
}

void forget_recorded_steps(void)
{
	buf_free(&steps);
	has_output = false;
	text_length = 0;
}

static void put(const char *name, struct span value)
{
	buf_puts(&steps, name);
	if (value.len > 0)
		buf_putc(&steps, ' ');
	buf_append_span(&steps, value);
}

static void record(const char *name, struct span value)
{
	put(name, value);
	buf_putc(&steps, '\n');
}

void builder_begin(struct builder *builder)
{
	if (!builder->begun)
		buf_puts(&steps, "begin\n");
	builder->begun = true;
}

bool builder_has_output(const struct builder *builder)
{
	(void)builder;
	return has_output;
}

void builder_model(struct builder *builder, struct span name)
{
	(void)builder;
	record("model", name);
}

void builder_service_tier(struct builder *builder, struct span tier)
{
	(void)builder;
	record("tier", tier);
}

void builder_usage(struct builder *builder, const struct builder_usage *usage)
{
	(void)builder;
	buf_printf(&steps, "usage %lld/%lld/%lld/%lld/%lld/%lld\n", usage->input, usage->output,
	    usage->total, usage->cached, usage->cache_written, usage->reasoning);
}

void builder_text(struct builder *builder, struct span text, struct span logprobs)
{
	struct buf decoded = {0};

	(void)builder;
	if (text.len <= 2)
		return;
	has_output = true;
	json_decode(text, &decoded);
	for (size_t i = 0; i < decoded.len; i++)
		text_length += (decoded.data[i] & 0xc0) != 0x80;
	buf_free(&decoded);
	put("text", text);
	record("", logprobs);
}

void builder_end_part(struct builder *builder)
{
	(void)builder;
	text_length = 0;
	record("end part", (struct span){0});
}

long long builder_text_length(const struct builder *builder)
{
	(void)builder;
	return text_length;
}

void builder_refusal(struct builder *builder, struct span text)
{
	(void)builder;
	has_output = true;
	record("refusal", text);
}

void builder_annotation(struct builder *builder, struct span annotation)
{
	(void)builder;
	record("annotation", annotation);
}

void builder_reasoning(struct builder *builder, struct span text)
{
	(void)builder;
	has_output = true;
	record("reasoning", text);
}

void builder_encrypted(struct builder *builder, struct span content)
{
	(void)builder;
	has_output = true;
	record("encrypted", content);
}

void builder_end_reasoning(struct builder *builder)
{
	(void)builder;
	record("end reasoning", (struct span){0});
}

void builder_call(struct builder *builder, long long key, const struct builder_call *call)
{
	(void)builder;
	has_output = true;
	buf_printf(&steps, "call %lld", key);
	if (call->id.len > 0)
		put(" id", call->id);
	put(" name", call->name);
	if (call->space.len > 0)
		put(" in", call->space);
	if (call->custom)
		buf_puts(&steps, " custom");
	if (call->extra.len > 0)
		put(" with", call->extra);
	buf_putc(&steps, '\n');
}

void builder_arguments(struct builder *builder, long long key, struct span piece)
{
	(void)builder;
	buf_printf(&steps, "arguments %lld", key);
	record("", piece);
}

void builder_call_extra(struct builder *builder, long long key, struct span extra)
{
	(void)builder;
	buf_printf(&steps, "extra %lld", key);
	record("", extra);
}

void builder_end_call(struct builder *builder, long long key)
{
	(void)builder;
	buf_printf(&steps, "end call %lld\n", key);
}

void builder_item(struct builder *builder, struct span item, const char *id_prefix)
{
	(void)builder;
	has_output = true;
	buf_printf(&steps, "item %s", id_prefix);
	record("", item);
}

void builder_fail(struct builder *builder, struct span error)
{
	(void)builder;
	record("fail", error);
}

void builder_end(struct builder *builder, enum response_status status, const char *reason)
{
	(void)builder;
	buf_printf(&steps, "end %s%s%s\n", response_status_name(status), reason != NULL ? " " : "",
	    reason != NULL ? reason : "");
}
