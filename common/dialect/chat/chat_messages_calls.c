#include "chat_messages_internal.h"

#include <string.h>

#include "common/dialect/call_id.h"
#include "common/base/json.h"

static void write_id(
    const struct chat_messages *messages, struct buf *out, const struct request_call *call)
{
	request_call_write_id(out, messages->nine_characters ? CALL_ID_NINE : CALL_ID_SHORT, call);
}

/* Appends {"input": text}, as text, in a JSON string. */
static void write_input(struct buf *out, struct span text)
{
	struct buf arguments = {0};

	request_call_write_text(&arguments, text);
	json_quote(out, buf_span(&arguments));
	buf_free(&arguments);
}

/*
 * Appends arguments, a JSON string. Servers that read them refuse what is no JSON: nothing at all,
 * or what a model had not finished.
 */
static void write_arguments(struct buf *out, struct span arguments)
{
	struct buf text = {0};

	if (!json_is_given(arguments) || span_is(arguments, "\"\""))
		buf_puts(out, "\"{}\"");
	else if (!json_decode(arguments, &text))
		json_quote(out, arguments);
	else if (json_check(buf_span(&text), 0, NULL, NULL))
		buf_append_span(out, arguments);
	else
		write_input(out, arguments);
	buf_free(&text);
}

/* Appends the call's arguments, a JSON string, and its name to name. False if it is refused. */
static bool read_call(
    struct chat_messages *messages, struct span item, struct buf *name, struct buf *arguments)
{
	struct span type = json_get(item, "type");
	const struct request_built_in *built_in = request_built_in(type);

	if (built_in != NULL) {
		write_arguments(arguments, json_get(item, built_in->arguments));
		buf_puts(name, built_in->function);
		return request_check_built_in(messages->writer, built_in);
	}
	if (json_string_is(type, "custom_tool_call"))
		write_input(arguments, json_get(item, "input"));
	else
		write_arguments(arguments, json_get(item, "arguments"));
	return request_call_write_name(name, messages->writer, item);
}

/* Gemini refuses a turn whose first call has no signature, and takes this one in its place. */
static void write_extra(struct chat_messages *messages, struct span item, bool first)
{
	struct span extra = json_get(item, "extra_content");
	struct buf *calls = &messages->turn.calls;

	if (!messages->thought_signatures)
		return;
	if (json_type(extra) == JSON_OBJECT) {
		buf_puts(calls, ",\"extra_content\":");
		buf_append_span(calls, extra);
	} else if (first) {
		buf_puts(calls, ",\"extra_content\":{\"google\":{\"thought_signature\":"
				"\"skip_thought_signature_validator\"}}");
	}
}

static void write_call(struct chat_messages *messages, struct span item, struct span id,
    struct span name, struct span arguments)
{
	struct buf *calls = &messages->turn.calls;
	bool first = calls->len == 0;

	buf_puts(calls, first ? "{\"id\":" : ",{\"id\":");
	json_quote(calls, id);
	buf_puts(calls, ",\"type\":\"function\",\"function\":{\"name\":");
	json_quote(calls, name);
	buf_puts(calls, ",\"arguments\":");
	buf_append_span(calls, arguments);
	buf_putc(calls, '}');
	write_extra(messages, item, first);
	buf_putc(calls, '}');
}

/* Images and files go into a user's message, with a word on where they come from. */
static void add_media(
    struct chat_messages *messages, const struct chat_content *part, struct span id, bool first)
{
	struct chat_content *media = &messages->turn.media;
	struct buf from = {0}, quoted = {0};

	if (first) {
		buf_puts(&from, "From the output of the call ");
		buf_append_span(&from, id);
		buf_putc(&from, ':');
		json_quote(&quoted, buf_span(&from));
		chat_content_add_text(media, buf_span(&quoted));
		buf_free(&from);
		buf_free(&quoted);
	}
	chat_content_append(media, part);
}

/* Appends the texts of an output's parts to text, the inside of a JSON string. */
static bool read_parts(
    struct chat_messages *messages, struct buf *text, struct span parts, struct span id)
{
	struct json_scan scan = json_open(parts, 0);
	struct chat_content content = {0};
	bool read = true, any_media = false;
	struct span part;

	while (read && json_element(&scan, &part)) {
		chat_content_clear(&content);
		read = chat_content_add_part(messages, &content, part);
		if (content.other) {
			add_media(messages, &content, id, !any_media);
			any_media = true;
		} else {
			buf_append_span(text, buf_span(&content.text));
		}
	}
	chat_content_free(&content);
	if (text->len == 0 && any_media)
		buf_puts(text, "(in the next message of the user)");
	return read;
}

static bool read_output(
    struct chat_messages *messages, struct buf *text, struct span item, struct span id)
{
	struct span type = json_get(item, "type"), output = json_get(item, "output");
	struct buf quoted = {0};

	if (json_type(output) == JSON_STRING) {
		buf_append_span(text, json_inside(output));
	} else if (json_type(output) == JSON_ARRAY && !json_string_is(type, "shell_call_output")) {
		return read_parts(messages, text, output, id);
	} else if (json_is_given(output)) {
		json_quote(&quoted, output);
		buf_append_span(text, json_inside(buf_span(&quoted)));
		buf_free(&quoted);
	}
	return true;
}

/* Servers refuse a call without an output, and some an output that is empty. */
static bool add_result(
    struct chat_messages *messages, const struct request_call *call, struct span id)
{
	struct buf *results = &messages->turn.results, text = {0};
	bool added = true;

	if (call->other.len == 0)
		buf_puts(&text, "aborted");
	else
		added = read_output(messages, &text, call->other, id);
	if (text.len == 0)
		buf_puts(&text, "(no output)");
	buf_puts(results, ",{\"role\":\"tool\",\"tool_call_id\":");
	json_quote(results, id);
	buf_puts(results, ",\"content\":\"");
	buf_append_span(results, buf_span(&text));
	buf_puts(results, "\"}");
	buf_free(&text);
	return added;
}

bool chat_call_add(struct chat_messages *messages, struct span item)
{
	const struct request_call *call = request_calls_of_item(&messages->calls, item);
	struct buf id = {0}, name = {0}, arguments = {0};
	bool added;

	if (call == NULL)
		return request_item_invalid(messages->writer, "a call has no call_id");
	chat_turn_open_for_call(messages);
	write_id(messages, &id, call);
	added = read_call(messages, item, &name, &arguments);
	if (added) {
		write_call(messages, item, buf_span(&id), buf_span(&name), buf_span(&arguments));
		added = add_result(messages, call, buf_span(&id));
	}
	buf_free(&id);
	buf_free(&name);
	buf_free(&arguments);
	return added;
}

/* It has been written with its call. */
bool chat_output_add(struct chat_messages *messages, struct span item)
{
	const struct request_call *output = request_calls_of_item(&messages->calls, item);

	if (output == NULL)
		return request_item_invalid(messages->writer, "an output has no call_id");
	if (output->other.len == 0)
		request_leave_out(messages->writer, "input.function_call_output");
	else
		messages->turn.answered = messages->turn.open;
	return true;
}
