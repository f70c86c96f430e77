#include "messages_turns.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

/* For messages that have to be there, and say nothing. */
static const char nothing_said[] = "{\"type\":\"text\",\"text\":\"\xe2\x80\xa6\"}";
static const char go_on[] = "{\"type\":\"text\",\"text\":\"Continue.\"}";

void messages_turns_open(struct messages_turns *turns, struct messages_request *request)
{
	*turns = (struct messages_turns){.request = request};
}

void messages_turns_close(struct messages_turns *turns)
{
	buf_free(&turns->user);
	buf_free(&turns->assistant);
	buf_free(&turns->calls);
	buf_free(&turns->late);
	buf_free(&turns->next);
	free(turns->pending);
}

static void begin_message(struct messages_turns *turns, const char *role)
{
	struct buf *messages = &turns->request->messages;

	messages_begin_block(messages);
	buf_printf(messages, "{\"role\":\"%s\",\"content\":[", role);
}

static void write_user(struct messages_turns *turns)
{
	struct buf *messages = &turns->request->messages;

	begin_message(turns, "user");
	if (turns->user.len > 0)
		buf_append_span(messages, buf_span(&turns->user));
	else
		buf_puts(messages, nothing_said);
	buf_puts(messages, "]}");
}

static void write_assistant(struct messages_turns *turns)
{
	struct buf *messages = &turns->request->messages;

	begin_message(turns, "assistant");
	buf_append_span(messages, buf_span(&turns->assistant));
	if (turns->calls.len > 0) {
		messages_begin_block(messages);
		buf_append_span(messages, buf_span(&turns->calls));
	}
	buf_puts(messages, "]}");
}

/* Calls without results go on in the same loop, which the user's own words have begun. */
static void note_thinking(struct messages_turns *turns)
{
	bool goes_on = turns->results_end > 0 && turns->user.len == turns->results_end;

	turns->has_thought = turns->begins_thinking || (goes_on && turns->has_thought);
	turns->has_calls = turns->calls.len > 0;
}

static void forget_assistant(struct messages_turns *turns)
{
	buf_clear(&turns->assistant);
	buf_clear(&turns->calls);
	buf_clear(&turns->late);
	turns->said_end = 0;
	turns->begins_thinking = false;
	turns->last_text = (struct span){0};
	turns->pending_count = 0;
}

static bool add_results(struct messages_turns *turns)
{
	for (size_t i = 0; i < turns->pending_count; i++) {
		if (!messages_add_result(turns->request, &turns->user, turns->pending[i]))
			return false;
	}
	turns->results_end = turns->user.len;
	return true;
}

/* Thinking that nothing follows cannot be sent. */
static void cut_thinking(struct messages_turns *turns)
{
	bool is_last = turns->calls.len == 0 && turns->assistant.len > turns->said_end;

	if (!is_last && turns->late.len == 0)
		return;
	if (is_last)
		turns->assistant.len = turns->said_end;
	buf_clear(&turns->late);
	request_leave_out(turns->request->writer, "input.reasoning");
}

/* Writes what the user and then the assistant have said, and begins with the results. */
bool messages_turns_results(struct messages_turns *turns)
{
	bool done;

	cut_thinking(turns);
	if (turns->assistant.len == 0 && turns->calls.len == 0) {
		forget_assistant(turns);
		return true;
	}
	note_thinking(turns);
	write_user(turns);
	write_assistant(turns);
	buf_clear(&turns->user);
	done = add_results(turns);
	forget_assistant(turns);
	return done;
}

struct buf *messages_turns_user(struct messages_turns *turns)
{
	return &turns->next;
}

bool messages_turns_said(struct messages_turns *turns)
{
	if (turns->next.len == 0)
		return true;
	if (!messages_turns_results(turns))
		return false;
	messages_begin_block(&turns->user);
	buf_append_span(&turns->user, buf_span(&turns->next));
	buf_clear(&turns->next);
	return true;
}

/* Thinking has to stay in its place among what follows it. */
static void settle_late(struct messages_turns *turns, struct buf *blocks)
{
	if (turns->late.len == 0)
		return;
	if (blocks->len == 0)
		turns->begins_thinking = true;
	messages_begin_block(blocks);
	buf_append_span(blocks, buf_span(&turns->late));
	buf_clear(&turns->late);
}

void messages_turns_text(
    struct messages_turns *turns, struct span text, const struct messages_fields *fields)
{
	size_t before;

	if (json_type(text) == JSON_STRING && !messages_is_blank(text))
		settle_late(turns, &turns->assistant);
	before = turns->assistant.len;
	messages_add_text(&turns->assistant, text, fields);
	if (turns->assistant.len == before)
		return;
	turns->last_text = text;
	turns->last_text_start = before;
	turns->said_end = turns->assistant.len;
}

void messages_turns_mark(
    struct messages_turns *turns, size_t before, const struct messages_fields *fields)
{
	if (turns->assistant.len == before)
		return;
	messages_mark_last(&turns->assistant, fields);
	turns->said_end = turns->assistant.len;
}

void messages_turns_thinking(struct messages_turns *turns, struct span block)
{
	struct buf *blocks = turns->calls.len > 0 ? &turns->late : &turns->assistant;

	if (turns->assistant.len == 0 && turns->calls.len == 0)
		turns->begins_thinking = true;
	messages_begin_block(blocks);
	buf_append_span(blocks, block);
}

struct buf *messages_turns_call(struct messages_turns *turns, const struct request_call *call)
{
	if (turns->pending_count == turns->pending_room) {
		turns->pending_room = turns->pending_room != 0 ? turns->pending_room * 2 : 8;
		turns->pending =
		    xrealloc(turns->pending, turns->pending_room * sizeof(turns->pending[0]));
	}
	turns->pending[turns->pending_count++] = call;
	settle_late(turns, &turns->calls);
	messages_begin_block(&turns->calls);
	return &turns->calls;
}

/* All calls that come after the first one are in the same message. */
bool messages_turns_awaits(const struct messages_turns *turns, struct span call_item)
{
	if (turns->pending_count == 0)
		return false;
	return (uintptr_t)call_item.p >= (uintptr_t)turns->pending[0]->item.p &&
	       (uintptr_t)call_item.p <=
		   (uintptr_t)turns->pending[turns->pending_count - 1]->item.p;
}

/* Blanks at the end of what the assistant is to go on with are refused. */
static void trim_last_text(struct messages_turns *turns)
{
	struct buf *assistant = &turns->assistant;
	struct buf text = {0}, mark = {0};

	buf_append_span(&mark, messages_mark_of(assistant, turns->last_text_start));
	json_decode(turns->last_text, &text);
	assistant->len = turns->last_text_start;
	messages_begin_block(assistant);
	buf_puts(assistant, "{\"type\":\"text\",\"text\":");
	json_quote(assistant, messages_without_end_blanks(buf_span(&text)));
	buf_append_span(assistant, buf_span(&mark));
	buf_putc(assistant, '}');
	turns->said_end = assistant->len;
	buf_free(&mark);
	buf_free(&text);
}

/*
 * Models that think, all later ones, and those that answer in a form do not go on with a message of
 * the assistant's.
 */
static bool may_end_assistant(const struct messages_request *request)
{
	struct span format = json_get(request->members[MEMBER_TEXT], "format");

	return !request->thinking.is_on &&
	       !json_string_is(json_get(format, "type"), "json_schema") &&
	       !request_has_quirk(request->writer, QUIRK_ADAPTIVE_THINKING);
}

bool messages_turns_end(struct messages_turns *turns)
{
	struct messages_request *request = turns->request;

	cut_thinking(turns);
	if (turns->last_text.len > 0 && turns->calls.len == 0 && may_end_assistant(request))
		trim_last_text(turns);
	if (!messages_turns_results(turns))
		return false;
	if (turns->user.len == 0 && request->messages.len > 0) {
		if (may_end_assistant(request))
			return true;
		buf_puts(&turns->user, go_on);
	}
	write_user(turns);
	return true;
}
