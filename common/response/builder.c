#include "builder.h"

#include <stdlib.h>

#include <sys/random.h>

#include "builder_internal.h"
#include "common/base/json.h"
#include "common/base/log.h"

static void make_seed(char seed[BUILDER_SEED_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[BUILDER_SEED_SIZE / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		fatal("getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++) {
		seed[2 * i] = digits[bytes[i] >> 4];
		seed[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	seed[BUILDER_SEED_SIZE - 1] = '\0';
}

void builder_open(struct builder *builder, struct fold *fold)
{
	*builder = (struct builder){
	    .fold = fold,
	    .usage = {-1, -1, -1, -1, -1, -1},
	};
	make_seed(builder->seed);
}

void builder_close(struct builder *builder)
{
	builder_forget_items(builder);
	free(builder->open);
	free(builder->call_ids);
	buf_free(&builder->model);
	buf_free(&builder->service_tier);
	buf_free(&builder->scratch);
	buf_free(&builder->piece);
	*builder = (struct builder){0};
}

void builder_begin(struct builder *builder)
{
	if (builder->begun)
		return;
	builder->begun = true;
	builder->fold->any_event = true;
	if (builder->on_begin != NULL)
		builder->on_begin(builder->ctx);
}

bool builder_has_output(const struct builder *builder)
{
	return builder->item_count > 0;
}

static void keep(struct buf *out, struct span string)
{
	if (json_type(string) != JSON_STRING || string.len <= 2)
		return;
	buf_clear(out);
	json_canonical(out, string);
}

void builder_model(struct builder *builder, struct span name)
{
	keep(&builder->model, name);
}

void builder_service_tier(struct builder *builder, struct span tier)
{
	keep(&builder->service_tier, tier);
}

static void tell_count(long long *kept, long long told)
{
	if (usage_tokens(told) >= 0)
		*kept = told;
}

void builder_usage(struct builder *builder, const struct builder_usage *usage)
{
	struct builder_usage *kept = &builder->usage;

	builder->has_usage = true;
	tell_count(&kept->input, usage->input);
	tell_count(&kept->output, usage->output);
	tell_count(&kept->total, usage->total);
	tell_count(&kept->cached, usage->cached);
	tell_count(&kept->cache_written, usage->cache_written);
	tell_count(&kept->reasoning, usage->reasoning);
}

struct usage builder_told_usage(const struct builder *builder)
{
	const struct builder_usage *kept = &builder->usage;

	if (!builder->has_usage)
		return (struct usage){-1, -1, -1, -1};
	return (struct usage){
	    .input = kept->input,
	    .output = kept->output,
	    .cached = kept->cached,
	    .reasoning = kept->reasoning,
	};
}

static long long count_of(long long told)
{
	return told >= 0 ? told : 0;
}

static void write_usage(struct buf *out, const struct builder_usage *usage)
{
	long long input = count_of(usage->input), output = count_of(usage->output);

	buf_printf(out,
	    "{\"input_tokens\":%lld,\"input_tokens_details\":"
	    "{\"cached_tokens\":%lld,\"cache_write_tokens\":%lld},"
	    "\"output_tokens\":%lld,\"output_tokens_details\":{\"reasoning_tokens\":%lld},"
	    "\"total_tokens\":%lld}",
	    input, count_of(usage->cached), count_of(usage->cache_written), output,
	    count_of(usage->reasoning), usage->total >= 0 ? usage->total : input + output);
}

/* What a provider's terminal event of the Responses API would say, but for the output. */
static void write_end(
    struct buf *out, const struct builder *builder, enum response_status status, const char *reason)
{
	buf_printf(out, "{\"status\":\"%s\"", response_status_name(status));
	if (reason != NULL)
		buf_printf(out, ",\"incomplete_details\":{\"reason\":\"%s\"}", reason);
	if (builder->model.len > 0) {
		buf_puts(out, ",\"model\":");
		buf_append_span(out, buf_span(&builder->model));
	}
	if (builder->service_tier.len > 0) {
		buf_puts(out, ",\"service_tier\":");
		buf_append_span(out, buf_span(&builder->service_tier));
	}
	if (builder->has_usage) {
		buf_puts(out, ",\"usage\":");
		write_usage(out, &builder->usage);
	}
	buf_putc(out, '}');
}

void builder_end(struct builder *builder, enum response_status status, const char *reason)
{
	struct response_event event = {
	    .type = event_type_find(span_of(
		status == STATUS_COMPLETED ? "response.completed" : "response.incomplete"))};
	struct buf response = {0};

	builder_begin(builder);
	if (!builder_has_output(builder))
		builder_empty_message(builder);
	builder_end_items(builder, status);
	write_end(&response, builder, status, reason);
	event.members[EVENT_RESPONSE] = buf_span(&response);
	fold_apply(builder->fold, &event);
	buf_free(&response);
}

void builder_fail(struct builder *builder, struct span error)
{
	struct response_event event = {.type = event_type_find(SPAN("error"))};

	event.members[EVENT_ERROR] = error;
	builder_end_items(builder, STATUS_INCOMPLETE);
	fold_apply(builder->fold, &event);
}
