#include "chat_reader.h"

#include <stdlib.h>

#include "chat_error.h"
#include "chat_reader_internal.h"
#include "chat_usage.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/dialect/members.h"

/* The most frequent ones come first. */
enum {
	CHOICES,
	MODEL,
	OBJECT,
	USAGE,
	SERVICE_TIER,
	ERROR,
	X_GROQ,
	CITATIONS,
	SEARCH_RESULTS,
	MESSAGE,
	CODE,
	TYPE,
	DETAIL,
	CHUNK_MEMBERS
};

static const struct span chunk_names[CHUNK_MEMBERS] = {
    [CHOICES] = MEMBER_NAME("choices"),
    [MODEL] = MEMBER_NAME("model"),
    [OBJECT] = MEMBER_NAME("object"),
    [USAGE] = MEMBER_NAME("usage"),
    [SERVICE_TIER] = MEMBER_NAME("service_tier"),
    [ERROR] = MEMBER_NAME("error"),
    [X_GROQ] = MEMBER_NAME("x_groq"),
    [CITATIONS] = MEMBER_NAME("citations"),
    [SEARCH_RESULTS] = MEMBER_NAME("search_results"),
    [MESSAGE] = MEMBER_NAME("message"),
    [CODE] = MEMBER_NAME("code"),
    [TYPE] = MEMBER_NAME("type"),
    [DETAIL] = MEMBER_NAME("detail"),
};

enum {
	CHOICE_INDEX,
	CHOICE_DELTA,
	CHOICE_MESSAGE,
	CHOICE_LOGPROBS,
	CHOICE_FINISH_REASON,
	CHOICE_ERROR,
	CHOICE_USAGE,
	CHOICE_MEMBERS
};

static const struct span choice_names[CHOICE_MEMBERS] = {
    [CHOICE_INDEX] = MEMBER_NAME("index"),
    [CHOICE_DELTA] = MEMBER_NAME("delta"),
    [CHOICE_MESSAGE] = MEMBER_NAME("message"),
    [CHOICE_LOGPROBS] = MEMBER_NAME("logprobs"),
    [CHOICE_FINISH_REASON] = MEMBER_NAME("finish_reason"),
    [CHOICE_ERROR] = MEMBER_NAME("error"),
    [CHOICE_USAGE] = MEMBER_NAME("usage"),
};

struct chat_reader *chat_reader_new(const struct reader_setting *setting)
{
	struct chat_reader *reader = xcalloc(1, sizeof(*reader));

	reader->setting = *setting;
	reader->builder = setting->builder;
	chat_calls_open(&reader->calls, setting->builder, setting->tools);
	return reader;
}

void chat_reader_free(struct chat_reader *reader)
{
	if (reader == NULL)
		return;
	chat_delta_free(reader);
	buf_free(&reader->model);
	buf_free(&reader->service_tier);
	free(reader);
}

void chat_fail(struct chat_reader *reader, struct span error)
{
	struct buf text = {0};

	if (!reader->failed) {
		chat_error_write(&text, error);
		builder_fail(reader->builder, buf_span(&text));
	}
	reader->failed = true;
	buf_free(&text);
}

static bool has_members(struct span value)
{
	return json_type(value) == JSON_OBJECT && !json_is_empty(value);
}

/* The error that an event reports in place of a chunk or in it; an empty span if it reports none.
 */
static struct span find_error(struct span event, const struct span *members)
{
	struct span error = members[ERROR];
	bool is_chunk = json_is_given(members[CHOICES]);
	bool is_said = json_is_given(error) || json_is_given(members[CODE]) ||
		       json_is_given(members[TYPE]) || json_string_is(members[OBJECT], "error");

	if (has_members(error))
		return error;
	if (!is_chunk && json_is_text(members[MESSAGE]) && is_said)
		return event;
	if (json_is_text(error))
		return error;
	return !is_chunk && json_is_text(members[DETAIL]) ? event : (struct span){0};
}

/* Whether it is another text than the one told last, which it becomes. */
static bool is_change(struct buf *told, struct span text)
{
	if (!json_is_text(text) || span_eq(text, buf_span(told)))
		return false;
	buf_clear(told);
	buf_append_span(told, text);
	return true;
}

static void read_usage(struct chat_reader *reader, struct span usage)
{
	struct builder_usage counts;

	if (chat_usage_read(usage, &counts))
		builder_usage(reader->builder, &counts);
}

static void log_unknown(struct chat_reader *reader, struct span reason)
{
	enum { SHOWN = 64 };

	if (!reader->logged_finish)
		log_info("a provider's finish_reason %.*s is not known and counts as \"stop\"",
		    (int)(reason.len < SHOWN ? reason.len : SHOWN), reason.p);
	reader->logged_finish = true;
}

static void fail_with_reason(struct chat_reader *reader, struct span reason)
{
	struct buf message = {0};

	buf_puts(&message, "\"The provider could not end its answer: ");
	buf_append_span(&message, json_inside(reason));
	buf_puts(&message, ".\"");
	chat_fail(reader, buf_span(&message));
	buf_free(&message);
}

static void read_finish(struct chat_reader *reader, struct span reason)
{
	enum chat_finish finish = chat_finish_of(reason);

	if (finish == CHAT_GOES_ON)
		return;
	reader->finish = finish;
	if (finish == CHAT_UNKNOWN)
		log_unknown(reader, reason);
	if (finish == CHAT_BROKEN)
		fail_with_reason(reader, reason);
}

/* In a stream there may be a message in the place of a delta, or all of it beside the last one. */
static void read_delta(struct chat_reader *reader, const struct span *members)
{
	enum chat_calls_place place = chat_finish_of(members[CHOICE_FINISH_REASON]) == CHAT_GOES_ON
					  ? CALLS_IN_DELTA
					  : CALLS_IN_LAST_DELTA;
	struct span delta = members[CHOICE_DELTA], message = members[CHOICE_MESSAGE];

	if (has_members(message) && (reader->is_object || !has_members(delta))) {
		delta = message;
		place = CALLS_IN_MESSAGE;
	}
	chat_delta_read(reader, delta, members[CHOICE_LOGPROBS], place);
	if (reader->is_object && place == CALLS_IN_MESSAGE && reader->finish == CHAT_GOES_ON)
		reader->finish = CHAT_COMPLETED;
}

static void read_choice(struct chat_reader *reader, struct span choice)
{
	struct span members[CHOICE_MEMBERS];
	long long index = 0;

	if (!members_read(choice, choice_names, CHOICE_MEMBERS, members))
		return;
	if (json_integer(members[CHOICE_INDEX], &index) && index != 0)
		return;
	read_delta(reader, members);
	read_usage(reader, members[CHOICE_USAGE]);
	if (has_members(members[CHOICE_ERROR]))
		chat_fail(reader, members[CHOICE_ERROR]);
	read_finish(reader, members[CHOICE_FINISH_REASON]);
}

static void read_choices(struct chat_reader *reader, struct span choices)
{
	struct json_scan scan = json_open(choices, JSON_ACCEPT_BAD_UTF8);
	struct span choice;

	while (!reader->failed && json_element(&scan, &choice))
		read_choice(reader, choice);
}

/* Groq puts here what others have in the chunk. */
static void read_x_groq(struct chat_reader *reader, struct span x_groq)
{
	struct span error;

	if (json_type(x_groq) != JSON_OBJECT)
		return;
	read_usage(reader, json_get(x_groq, "usage"));
	error = json_get(x_groq, "error");
	if (has_members(error) || json_is_text(error))
		chat_fail(reader, error);
}

static void read_sources(struct chat_reader *reader, const struct span *members)
{
	chat_citations_take(&reader->citations, CITED_SEARCH_RESULTS, members[SEARCH_RESULTS]);
	chat_citations_take(&reader->citations, CITED_CITATIONS, members[CITATIONS]);
	chat_citations_tell(&reader->citations, reader->builder);
}

static void read_chunk(struct chat_reader *reader, struct span chunk)
{
	struct span members[CHUNK_MEMBERS], error;

	if (reader->failed || !members_read(chunk, chunk_names, CHUNK_MEMBERS, members))
		return;
	error = find_error(chunk, members);
	if (error.len > 0) {
		chat_fail(reader, error);
		return;
	}
	builder_begin(reader->builder);
	if (is_change(&reader->model, members[MODEL]))
		builder_model(reader->builder, members[MODEL]);
	if (is_change(&reader->service_tier, members[SERVICE_TIER]))
		builder_service_tier(reader->builder, members[SERVICE_TIER]);
	read_x_groq(reader, members[X_GROQ]);
	if (!reader->failed)
		read_usage(reader, members[USAGE]);
	read_choices(reader, members[CHOICES]);
	if (!reader->failed)
		read_sources(reader, members);
}

/* Google reports errors as a list of one. */
static void read_list(struct chat_reader *reader, struct span list)
{
	struct json_scan scan = json_open(list, JSON_ACCEPT_BAD_UTF8);
	struct span chunk;

	if (!json_check(list, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return;
	while (json_element(&scan, &chunk))
		read_chunk(reader, chunk);
}

void chat_reader_event(struct chat_reader *reader, struct span data)
{
	if (json_type(data) == JSON_ARRAY)
		read_list(reader, data);
	else
		read_chunk(reader, data);
}

void chat_reader_object(struct chat_reader *reader, struct span object)
{
	reader->is_object = true;
	chat_reader_event(reader, object);
}

static void end_answer(struct chat_reader *reader)
{
	switch (reader->finish) {
	case CHAT_FULL:
		builder_end(reader->builder, STATUS_INCOMPLETE, "max_output_tokens");
		break;
	case CHAT_FILTERED:
		builder_end(reader->builder, STATUS_INCOMPLETE, "content_filter");
		break;
	default:
		builder_end(reader->builder, STATUS_COMPLETED, NULL);
		break;
	}
}

bool chat_reader_has_failed(const struct chat_reader *reader)
{
	return reader->failed;
}

enum reader_end chat_reader_end(struct chat_reader *reader, bool done)
{
	if (reader->failed)
		return READER_FAILED;
	if (reader->finish == CHAT_GOES_ON && !done)
		return READER_TRUNCATED;
	chat_delta_end(reader);
	if (reader->finish == CHAT_GOES_ON && !builder_has_output(reader->builder)) {
		chat_fail(
		    reader, SPAN("\"The provider ended its answer without saying anything.\""));
		return READER_FAILED;
	}
	end_answer(reader);
	return READER_WHOLE;
}
