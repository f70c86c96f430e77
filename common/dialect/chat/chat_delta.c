#include "chat_reader_internal.h"

#include "chat_logprobs.h"
#include "common/base/json.h"
#include "common/dialect/members.h"
#include "common/dialect/sealed.h"

enum {
	CONTENT,
	REASONING_CONTENT,
	REASONING,
	REASONING_DETAILS,
	REFUSAL,
	TOOL_CALLS,
	FUNCTION_CALL,
	ANNOTATIONS,
	AUDIO,
	EXTRA_CONTENT,
	DELTA_MEMBERS
};

static const struct span names[DELTA_MEMBERS] = {
    [CONTENT] = MEMBER_NAME("content"),
    [REASONING_CONTENT] = MEMBER_NAME("reasoning_content"),
    [REASONING] = MEMBER_NAME("reasoning"),
    [REASONING_DETAILS] = MEMBER_NAME("reasoning_details"),
    [REFUSAL] = MEMBER_NAME("refusal"),
    [TOOL_CALLS] = MEMBER_NAME("tool_calls"),
    [FUNCTION_CALL] = MEMBER_NAME("function_call"),
    [ANNOTATIONS] = MEMBER_NAME("annotations"),
    [AUDIO] = MEMBER_NAME("audio"),
    [EXTRA_CONTENT] = MEMBER_NAME("extra_content"),
};

enum { CONTENT_TEXT, CONTENT_THINKING, CONTENT_REFUSAL, CONTENT_MEMBERS };

static const struct span part_names[CONTENT_MEMBERS] = {
    [CONTENT_TEXT] = MEMBER_NAME("text"),
    [CONTENT_THINKING] = MEMBER_NAME("thinking"),
    [CONTENT_REFUSAL] = MEMBER_NAME("refusal"),
};

/* FNV-1a. */
static void add_told(struct chat_told *told, struct span raw)
{
	if (told->pieces++ == 0)
		told->hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < raw.len; i++)
		told->hash = (told->hash ^ (unsigned char)raw.p[i]) * 0x100000001b3;
	told->length += raw.len;
}

/* Notes the text. False if it repeats all that came before it. */
static bool is_news(struct chat_told *told, struct span text, enum chat_calls_place place)
{
	struct chat_told alone = {0};

	if (place == CALLS_IN_LAST_DELTA && told->pieces > 1 && told->length == text.len - 2) {
		add_told(&alone, json_inside(text));
		if (alone.hash == told->hash)
			return false;
	}
	add_told(told, json_inside(text));
	return true;
}

/* Whether a message in a stream repeats what deltas have brought. */
static bool is_old(const struct chat_told *told, enum chat_calls_place place)
{
	return place == CALLS_IN_MESSAGE && told->pieces > 0;
}

/* Something else than reasoning follows: what belongs to that is told before it ends. */
static void end_reasoning(struct chat_reader *reader)
{
	struct buf array = {0}, sealed = {0};

	if (!chat_details_any(&reader->details))
		return;
	chat_details_take(&reader->details, &array);
	reader->builder->waiting -= reader->details_bytes;
	reader->details_bytes = 0;
	if (array.len > 0) {
		sealed_write(&sealed, SEALED_DETAILS, reader->setting.origin, buf_span(&array));
		builder_encrypted(reader->builder, buf_span(&sealed));
		builder_end_reasoning(reader->builder);
	}
	buf_free(&array);
	buf_free(&sealed);
}

static void tell_reasoning(struct chat_reader *reader, struct span text)
{
	chat_calls_settle(&reader->calls);
	builder_reasoning(reader->builder, text);
}

static void tell_text(struct chat_reader *reader, struct span text)
{
	chat_calls_settle(&reader->calls);
	end_reasoning(reader);
	builder_text(reader->builder, text, buf_span(&reader->logprobs));
	buf_clear(&reader->logprobs);
}

static void tell_tagged(void *ctx, bool is_reasoning, struct span piece)
{
	if (is_reasoning)
		tell_reasoning(ctx, piece);
	else
		tell_text(ctx, piece);
}

/* What the tags hold, any number of blanks, waits. */
static void feed_tags(struct chat_reader *reader, struct span text)
{
	size_t before = reader->tags.held.len;

	think_tags_feed(&reader->tags, text, tell_tagged, reader);
	reader->builder->waiting += reader->tags.held.len - before;
}

static void flush_tags(struct chat_reader *reader)
{
	size_t before = reader->tags.held.len;

	think_tags_flush(&reader->tags, tell_tagged, reader);
	reader->builder->waiting += reader->tags.held.len - before;
}

static void read_text(struct chat_reader *reader, struct span text)
{
	if (reader->setting.think_tags)
		feed_tags(reader, text);
	else
		tell_text(reader, text);
}

static void read_refusal(struct chat_reader *reader, struct span refusal)
{
	chat_calls_settle(&reader->calls);
	end_reasoning(reader);
	reader->refused = true;
	builder_refusal(reader->builder, refusal);
}

/* What parts that follow each other say, as one text: a list may have any number of them. */
struct run {
	enum run_kind { RUN_TEXT, RUN_THINKING, RUN_REFUSAL } kind;
	struct buf string; /* without its last quote; or empty */
};

static void end_run(struct chat_reader *reader, struct run *run)
{
	if (run->string.len == 0)
		return;
	buf_putc(&run->string, '"');
	if (run->kind == RUN_TEXT)
		read_text(reader, buf_span(&run->string));
	else if (run->kind == RUN_THINKING)
		tell_reasoning(reader, buf_span(&run->string));
	else
		read_refusal(reader, buf_span(&run->string));
	buf_free(&run->string);
}

static void add_to_run(
    struct chat_reader *reader, struct run *run, enum run_kind kind, struct span text)
{
	if (!json_is_text(text))
		return;
	if (run->kind != kind)
		end_run(reader, run);
	run->kind = kind;
	if (run->string.len == 0)
		buf_putc(&run->string, '"');
	buf_append_span(&run->string, json_inside(text));
}

/* The texts of a list of parts, or a string. */
static void read_thinking(struct chat_reader *reader, struct run *run, struct span thinking)
{
	struct json_scan scan;
	struct span part, text;

	add_to_run(reader, run, RUN_THINKING, thinking);
	if (json_type(thinking) != JSON_ARRAY)
		return;
	scan = json_open(thinking, JSON_ACCEPT_BAD_UTF8);
	while (json_element(&scan, &part)) {
		text = json_type(part) == JSON_OBJECT ? json_get(part, "text") : part;
		add_to_run(reader, run, RUN_THINKING, text);
	}
}

static void read_part(struct chat_reader *reader, struct run *run, struct span part)
{
	struct span members[CONTENT_MEMBERS];

	add_to_run(reader, run, RUN_TEXT, part);
	if (!members_read(part, part_names, CONTENT_MEMBERS, members))
		return;
	if (json_is_given(members[CONTENT_THINKING]))
		read_thinking(reader, run, members[CONTENT_THINKING]);
	else if (json_is_text(members[CONTENT_TEXT]))
		add_to_run(reader, run, RUN_TEXT, members[CONTENT_TEXT]);
	else
		add_to_run(reader, run, RUN_REFUSAL, members[CONTENT_REFUSAL]);
}

static void read_content(
    struct chat_reader *reader, struct span content, enum chat_calls_place place)
{
	struct run run = {0};
	struct json_scan scan;
	struct span part;

	if (is_old(&reader->content, place))
		return;
	if (json_is_text(content) && is_news(&reader->content, content, place))
		read_text(reader, content);
	if (json_type(content) != JSON_ARRAY || !is_news(&reader->content, content, place))
		return;
	scan = json_open(content, JSON_ACCEPT_BAD_UTF8);
	while (json_element(&scan, &part))
		read_part(reader, &run, part);
	end_run(reader, &run);
}

/* Gathers them; their text is told if nothing else has said it. */
static void read_details(struct chat_reader *reader, struct span details, bool tells)
{
	struct json_scan scan;
	struct span element, text;

	if (json_type(details) != JSON_ARRAY)
		return;
	scan = json_open(details, JSON_ACCEPT_BAD_UTF8);
	while (json_element(&scan, &element)) {
		text = chat_details_add(&reader->details, element);
		reader->details_bytes += element.len;
		reader->builder->waiting += element.len;
		if (!tells || text.len == 0)
			continue;
		add_told(&reader->reasoning, json_inside(text));
		tell_reasoning(reader, text);
	}
}

static void read_reasoning(
    struct chat_reader *reader, const struct span *members, enum chat_calls_place place)
{
	struct span text = members[REASONING_CONTENT];

	if (is_old(&reader->reasoning, place))
		return;
	if (!json_is_text(text))
		text = members[REASONING];
	if (json_is_text(text)) {
		reader->has_plain_reasoning = true;
		if (is_news(&reader->reasoning, text, place))
			tell_reasoning(reader, text);
	}
	read_details(reader, members[REASONING_DETAILS], !reader->has_plain_reasoning);
}

static void read_calls(
    struct chat_reader *reader, const struct span *members, enum chat_calls_place place)
{
	enum json_type type = json_type(members[TOOL_CALLS]);
	bool has_calls =
	    type == JSON_OBJECT || (type == JSON_ARRAY && !json_is_empty(members[TOOL_CALLS]));
	bool has_legacy = json_type(members[FUNCTION_CALL]) == JSON_OBJECT;

	if (has_calls || has_legacy) {
		if (think_tags_hold(&reader->tags))
			flush_tags(reader);
		end_reasoning(reader);
	}
	if (has_calls)
		chat_calls_read(&reader->calls, members[TOOL_CALLS], place);
	if (has_legacy)
		chat_calls_read_legacy(&reader->calls, members[FUNCTION_CALL], place);
	chat_calls_extra(&reader->calls, members[EXTRA_CONTENT]);
}

void chat_delta_read(struct chat_reader *reader, struct span delta, struct span logprobs,
    enum chat_calls_place place)
{
	struct span members[DELTA_MEMBERS];

	if (!members_read(delta, names, DELTA_MEMBERS, members))
		return;
	if (json_type(members[AUDIO]) == JSON_OBJECT) {
		chat_fail(
		    reader, SPAN("\"The provider answered with audio, which is not supported.\""));
		return;
	}
	buf_clear(&reader->logprobs);
	chat_logprobs_write(&reader->logprobs, logprobs);
	read_reasoning(reader, members, place);
	read_content(reader, members[CONTENT], place);
	if (json_is_text(members[REFUSAL]) && !(reader->refused && place == CALLS_IN_MESSAGE))
		read_refusal(reader, members[REFUSAL]);
	chat_citations_take(&reader->citations, CITED_ANNOTATIONS, members[ANNOTATIONS]);
	chat_citations_tell(&reader->citations, reader->builder);
	read_calls(reader, members, place);
}

void chat_delta_end(struct chat_reader *reader)
{
	chat_calls_settle(&reader->calls);
	/* Blanks that no text followed are one only if they are all that was said. */
	if (think_tags_hold(&reader->tags) || !builder_has_output(reader->builder))
		flush_tags(reader);
	end_reasoning(reader);
	chat_citations_tell(&reader->citations, reader->builder);
}

void chat_delta_free(struct chat_reader *reader)
{
	think_tags_free(&reader->tags);
	chat_details_free(&reader->details);
	chat_calls_close(&reader->calls);
	chat_citations_free(&reader->citations);
	buf_free(&reader->logprobs);
}
