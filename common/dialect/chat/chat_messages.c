#include "chat_messages_internal.h"

#include <string.h>

#include "chat_request_internal.h"
#include "common/base/json.h"

void chat_message_begin(struct chat_messages *messages)
{
	if (messages->count++ > 0)
		buf_putc(messages->out, ',');
}

static bool read_parts(
    struct chat_messages *messages, struct chat_content *content, struct span parts)
{
	struct json_scan scan = json_open(parts, 0);
	struct span part;

	while (json_element(&scan, &part)) {
		if (!chat_content_add_part(messages, content, part))
			return false;
	}
	return true;
}

static bool read_content(
    struct chat_messages *messages, struct chat_content *content, struct span value)
{
	if (json_type(value) == JSON_ARRAY)
		return read_parts(messages, content, value);
	if (json_type(value) == JSON_STRING)
		chat_content_add_text(content, value);
	else if (json_is_given(value))
		return request_item_invalid(
		    messages->writer, "content is neither a string nor a list");
	return true;
}

/* Takes the refusals out of an assistant's parts; there is a member for them. */
static bool read_assistant_parts(struct chat_messages *messages, struct chat_content *content,
    struct buf *refusal, struct span parts)
{
	struct json_scan scan = json_open(parts, 0);
	struct span part, text;

	while (json_element(&scan, &part)) {
		text = json_get(part, "refusal");
		if (messages->openai_members && json_type(text) == JSON_STRING &&
		    json_string_is(json_get(part, "type"), "refusal"))
			chat_text_append(refusal, json_inside(text));
		else if (!chat_content_add_part(messages, content, part))
			return false;
	}
	return true;
}

static bool add_assistant(struct chat_messages *messages, struct span value)
{
	struct chat_content content = {0};
	struct buf refusal = {0};
	bool read = json_type(value) == JSON_ARRAY
			? read_assistant_parts(messages, &content, &refusal, value)
			: read_content(messages, &content, value);

	if (read)
		chat_turn_add_message(messages, &content, buf_span(&refusal));
	chat_content_free(&content);
	buf_free(&refusal);
	return read;
}

static void end_turn(struct chat_messages *messages)
{
	chat_turn_close(messages);
	chat_reasoning_drop(messages);
}

/* What a user says may be a list; of what a system says, many servers take only a string. */
static bool add_other(struct chat_messages *messages, const char *role, struct span value)
{
	struct chat_content content = {0};
	bool read, as_text = messages->string_content || strcmp(role, "user") != 0 ||
			     json_type(value) == JSON_STRING;

	end_turn(messages);
	read = read_content(messages, &content, value);
	if (read) {
		chat_message_begin(messages);
		buf_printf(messages->out, "{\"role\":\"%s\",\"content\":", role);
		chat_content_write(messages->out, &content, as_text);
		buf_putc(messages->out, '}');
	}
	chat_content_free(&content);
	return read;
}

static bool add_message(struct chat_messages *messages, struct span item)
{
	struct span role = json_get(item, "role"), content = json_get(item, "content");

	if (json_string_is(role, "user"))
		return add_other(messages, "user", content);
	if (json_string_is(role, "assistant"))
		return add_assistant(messages, content);
	if (json_string_is(role, "system"))
		return add_other(messages, "system", content);
	if (json_string_is(role, "developer"))
		return add_other(
		    messages, messages->developer_role ? "developer" : "system", content);
	return request_item_invalid(
	    messages->writer, "the role of a message must be user, assistant, system or developer");
}

static bool is_call(struct span type)
{
	return span_is(type, "function_call") || span_is(type, "custom_tool_call") ||
	       span_is(type, "local_shell_call") || span_is(type, "shell_call") ||
	       span_is(type, "apply_patch_call");
}

static bool is_output(struct span type)
{
	static const char end[] = "_output";
	size_t len = sizeof(end) - 1;

	return type.len > len && memcmp(type.p + type.len - len, end, len) == 0 &&
	       is_call((struct span){type.p, type.len - len});
}

static bool add_item_of_type(struct chat_messages *messages, struct span type, struct span item)
{
	if (span_is(type, "message"))
		return add_message(messages, item);
	if (is_call(type))
		return chat_call_add(messages, item);
	if (is_output(type))
		return chat_output_add(messages, item);
	if (span_is(type, "reasoning"))
		return chat_reasoning_add(messages, item);
	if (request_is_of_hosted_tool(json_get(item, "type"))) {
		request_leave_out_hosted(messages->writer);
		return true;
	}
	return request_refuse_always(messages->writer, "input", "it has no items of type '%.*s'",
	    (int)(type.len < 64 ? type.len : 64), type.p);
}

static bool add_item(struct chat_messages *messages, struct span item)
{
	struct span type = json_get(item, "type");

	if (json_type(item) != JSON_OBJECT)
		return request_item_invalid(messages->writer, "an item must be an object");
	if (json_string_is(type, "item_reference"))
		return request_references_check(&messages->references, messages->writer, item);
	if (json_type(type) == JSON_STRING)
		return add_item_of_type(messages, json_inside(type), item);
	if (!json_is_given(type) && json_is_given(json_get(item, "role")))
		return add_message(messages, item);
	if (!json_is_given(type) && json_is_given(json_get(item, "id")))
		return request_references_check(&messages->references, messages->writer, item);
	return request_item_invalid(messages->writer, "an item has no type");
}

static bool add_items(struct chat_messages *messages, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	struct span item;

	for (; json_element(&scan, &item); messages->writer->index++) {
		if (!add_item(messages, item))
			return false;
	}
	end_turn(messages);
	return true;
}

static bool add_input(struct chat_messages *messages, struct span input)
{
	if (json_type(input) == JSON_STRING)
		return add_other(messages, "user", input);
	return input.len == 0 || add_items(messages, input);
}

static void read_quirks(struct chat_messages *messages)
{
	struct request_writer *writer = messages->writer;

	messages->string_content = request_has_quirk(writer, QUIRK_STRING_CONTENT);
	messages->empty_content = request_has_quirk(writer, QUIRK_EMPTY_CONTENT);
	messages->openai_members = request_has_quirk(writer, QUIRK_OPENAI_MEMBERS);
	messages->developer_role = request_has_quirk(writer, QUIRK_DEVELOPER_ROLE);
	messages->reasoning_sent_back = request_has_quirk(writer, QUIRK_REASONING_SENT_BACK);
	messages->reasoning_details = request_has_quirk(writer, QUIRK_REASONING_DETAILS);
	messages->thought_signatures = request_has_quirk(writer, QUIRK_THOUGHT_SIGNATURES);
	messages->nine_characters = request_has_quirk(writer, QUIRK_NINE_CHARACTER_CALL_IDS);
}

static void close_all(struct chat_messages *messages)
{
	request_calls_close(&messages->calls);
	request_references_close(&messages->references);
	chat_turn_free(&messages->turn);
	buf_free(&messages->reasoning);
	buf_free(&messages->details);
}

bool chat_messages_write(struct chat_request *chat)
{
	struct chat_messages messages = {.writer = chat->writer, .out = chat->out};
	struct span instructions = chat->given[CHAT_INSTRUCTIONS], input = chat->given[CHAT_INPUT];
	bool written;

	if (!request_says_something(chat->writer, instructions, input))
		return false;
	read_quirks(&messages);
	request_calls_open(&messages.calls, input);
	request_references_open(&messages.references, input);
	chat_write_name(chat, "messages");
	buf_putc(chat->out, '[');
	written = (instructions.len == 0 || span_is(instructions, "\"\"") ||
		      add_other(&messages, messages.developer_role ? "developer" : "system",
			  instructions)) &&
		  add_input(&messages, input);
	buf_putc(chat->out, ']');
	if (written && messages.count == 0)
		written = request_invalid(
		    chat->writer, "input", "Invalid 'input': there is nothing to answer.");
	close_all(&messages);
	return written;
}
