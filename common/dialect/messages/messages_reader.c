#include "messages_reader.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "messages_blocks.h"
#include "messages_error.h"
#include "common/dialect/members.h"
#include "messages_usage.h"

/* Why an answer stopped; those that are not here are taken for completed. */
static const struct stop_reason {
	const char *name;
	enum response_status status;
	const char *why;
} stop_reasons[] = {
    {"end_turn", STATUS_COMPLETED, NULL},
    {"tool_use", STATUS_COMPLETED, NULL},
    {"stop_sequence", STATUS_COMPLETED, NULL},
    {"pause_turn", STATUS_COMPLETED, NULL},
    {"max_tokens", STATUS_INCOMPLETE, "max_output_tokens"},
    {"model_context_window_exceeded", STATUS_INCOMPLETE, "max_output_tokens"},
    {"refusal", STATUS_INCOMPLETE, "content_filter"},
};

enum { COMPLETED = 0, STOP_REASONS = sizeof(stop_reasons) / sizeof(stop_reasons[0]) };

struct messages_reader {
	const struct reader_setting *setting;
	struct messages_blocks blocks;
	struct messages_usage usage;
	const struct stop_reason *stop_reason;
	struct buf refusal;  /* what it says about one: a JSON string, or empty */
	enum reader_end end; /* so far */
};

struct messages_reader *messages_reader_new(const struct reader_setting *setting)
{
	struct messages_reader *reader = xcalloc(1, sizeof(*reader));

	reader->setting = setting;
	messages_blocks_open(&reader->blocks, setting);
	messages_usage_init(&reader->usage);
	reader->stop_reason = &stop_reasons[COMPLETED];
	reader->end = READER_TRUNCATED;
	return reader;
}

void messages_reader_free(struct messages_reader *reader)
{
	if (reader == NULL)
		return;
	messages_blocks_close(&reader->blocks);
	buf_free(&reader->refusal);
	free(reader);
}

enum {
	EVENT_TYPE,
	EVENT_INDEX,
	EVENT_DELTA,
	EVENT_CONTENT_BLOCK,
	EVENT_MESSAGE,
	EVENT_USAGE,
	EVENT_ERROR,
	EVENT_MEMBERS
};

static const struct span event_names[EVENT_MEMBERS] = {
    [EVENT_TYPE] = MEMBER_NAME("type"),
    [EVENT_INDEX] = MEMBER_NAME("index"),
    [EVENT_DELTA] = MEMBER_NAME("delta"),
    [EVENT_CONTENT_BLOCK] = MEMBER_NAME("content_block"),
    [EVENT_MESSAGE] = MEMBER_NAME("message"),
    [EVENT_USAGE] = MEMBER_NAME("usage"),
    [EVENT_ERROR] = MEMBER_NAME("error"),
};

/* Of a message, whole or as it begins, and of the delta that ends it. */
enum {
	MESSAGE_TYPE,
	MESSAGE_MODEL,
	MESSAGE_CONTENT,
	MESSAGE_STOP_REASON,
	MESSAGE_STOP_DETAILS,
	MESSAGE_USAGE,
	MESSAGE_ERROR,
	MESSAGE_MEMBERS
};

static const struct span message_names[MESSAGE_MEMBERS] = {
    [MESSAGE_TYPE] = MEMBER_NAME("type"),
    [MESSAGE_MODEL] = MEMBER_NAME("model"),
    [MESSAGE_CONTENT] = MEMBER_NAME("content"),
    [MESSAGE_STOP_REASON] = MEMBER_NAME("stop_reason"),
    [MESSAGE_STOP_DETAILS] = MEMBER_NAME("stop_details"),
    [MESSAGE_USAGE] = MEMBER_NAME("usage"),
    [MESSAGE_ERROR] = MEMBER_NAME("error"),
};

static void message_began(struct messages_reader *reader, const struct span *message)
{
	struct builder *builder = reader->setting->builder;

	builder_begin(builder);
	if (json_is_text(message[MESSAGE_MODEL]))
		builder_model(builder, message[MESSAGE_MODEL]);
	messages_usage_came(&reader->usage, message[MESSAGE_USAGE], builder);
}

static void stop_reason_came(struct messages_reader *reader, const struct span *message)
{
	struct span reason = message[MESSAGE_STOP_REASON], explanation;
	size_t i = 0;

	if (!json_is_text(reason))
		return;
	while (i < STOP_REASONS && !json_string_is(reason, stop_reasons[i].name))
		i++;
	if (i == STOP_REASONS)
		log_info("unknown stop_reason %.*s of %s: taken for the end",
		    (int)(reason.len < 64 ? reason.len : 64), reason.p, reader->setting->origin);
	reader->stop_reason = &stop_reasons[i < STOP_REASONS ? i : COMPLETED];
	explanation = json_get(message[MESSAGE_STOP_DETAILS], "explanation");
	buf_clear(&reader->refusal);
	if (json_string_is(reason, "refusal") && json_is_text(explanation))
		buf_append_span(&reader->refusal, explanation);
}

static void finish(struct messages_reader *reader)
{
	const struct stop_reason *reason = reader->stop_reason;
	struct builder *builder = reader->setting->builder;

	messages_blocks_end(&reader->blocks, reason->status == STATUS_INCOMPLETE);
	messages_words_tell(&reader->blocks.words, reader->setting);
	if (reader->refusal.len > 0)
		builder_refusal(builder, buf_span(&reader->refusal));
	builder_end(builder, reason->status, reason->why);
	reader->end = READER_WHOLE;
}

static void fail(struct messages_reader *reader, struct span error)
{
	struct buf text = {0};

	messages_error_write(&text, error);
	builder_fail(reader->setting->builder, buf_span(&text));
	buf_free(&text);
	reader->end = READER_FAILED;
}

typedef void event_fn(struct messages_reader *reader, const struct span *event);

static void block_grew(struct messages_reader *reader, const struct span *event)
{
	messages_block_grew(&reader->blocks, event[EVENT_INDEX], event[EVENT_DELTA]);
}

static void block_started(struct messages_reader *reader, const struct span *event)
{
	messages_block_started(&reader->blocks, event[EVENT_INDEX], event[EVENT_CONTENT_BLOCK]);
}

static void block_stopped(struct messages_reader *reader, const struct span *event)
{
	messages_block_stopped(&reader->blocks, event[EVENT_INDEX]);
}

static void message_started(struct messages_reader *reader, const struct span *event)
{
	struct span message[MESSAGE_MEMBERS] = {{0}};

	if (!members_read(event[EVENT_MESSAGE], message_names, MESSAGE_MEMBERS, message))
		return;
	message_began(reader, message);
}

static void message_changed(struct messages_reader *reader, const struct span *event)
{
	struct span message[MESSAGE_MEMBERS] = {{0}};

	if (members_read(event[EVENT_DELTA], message_names, MESSAGE_MEMBERS, message))
		stop_reason_came(reader, message);
	messages_usage_came(&reader->usage, event[EVENT_USAGE], reader->setting->builder);
}

static void message_stopped(struct messages_reader *reader, const struct span *event)
{
	(void)event;
	finish(reader);
}

static const struct {
	const char *type;
	event_fn *came;
} events[] = {
    {"content_block_delta", block_grew},
    {"content_block_start", block_started},
    {"content_block_stop", block_stopped},
    {"message_start", message_started},
    {"message_delta", message_changed},
    {"message_stop", message_stopped},
};

/* Servers that only imitate the API may say no type, or all that they say in one object. */
static bool is_error(struct span type, struct span error, struct span message)
{
	return json_string_is(type, "error") ||
	       (!json_is_given(type) && (json_type(error) == JSON_OBJECT || json_is_text(error) ||
					    json_is_text(message)));
}

void messages_reader_event(struct messages_reader *reader, struct span data)
{
	struct span event[EVENT_MEMBERS] = {{0}};

	if (messages_reader_is_over(reader) ||
	    !members_read(data, event_names, EVENT_MEMBERS, event))
		return;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (json_string_is(event[EVENT_TYPE], events[i].type)) {
			events[i].came(reader, event);
			return;
		}
	}
	if (is_error(event[EVENT_TYPE], event[EVENT_ERROR], event[EVENT_MESSAGE]))
		fail(reader, json_is_given(event[EVENT_ERROR]) ? event[EVENT_ERROR] : data);
}

static void blocks_came(struct messages_reader *reader, struct span content)
{
	struct json_scan scan = json_open(content, JSON_ACCEPT_BAD_UTF8);
	struct span block, none = {0};

	while (json_element(&scan, &block)) {
		messages_block_started(&reader->blocks, none, block);
		messages_block_stopped(&reader->blocks, none);
	}
}

void messages_reader_object(struct messages_reader *reader, struct span object)
{
	struct span message[MESSAGE_MEMBERS] = {{0}};

	if (messages_reader_is_over(reader) ||
	    !members_read(object, message_names, MESSAGE_MEMBERS, message))
		return;
	if (is_error(message[MESSAGE_TYPE], message[MESSAGE_ERROR], json_get(object, "message"))) {
		fail(reader,
		    json_is_given(message[MESSAGE_ERROR]) ? message[MESSAGE_ERROR] : object);
	} else if (json_type(message[MESSAGE_CONTENT]) == JSON_ARRAY) {
		message_began(reader, message);
		blocks_came(reader, message[MESSAGE_CONTENT]);
		stop_reason_came(reader, message);
		finish(reader);
	}
}

bool messages_reader_is_over(const struct messages_reader *reader)
{
	return reader->end != READER_TRUNCATED;
}

enum reader_end messages_reader_end(struct messages_reader *reader)
{
	return reader->end;
}
