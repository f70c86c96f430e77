#include "messages_internal.h"

#include <string.h>

#include "common/base/json.h"
#include "messages_turns.h"
#include "request_ids.h"
#include "sealed.h"

static const char param[] = "input";

/* The walk through the input, and the item that it is at. */
struct walk {
	struct messages_request *request;
	struct messages_turns turns;
	struct request_calls calls;
	struct request_ids ids;
	bool has_ids;
	bool has_begun; /* something has been said by others than the system */
	struct span item;
	struct messages_fields fields;
};

typedef bool item_fn(struct walk *walk);

static bool add_system(struct walk *walk)
{
	struct messages_request *request = walk->request;
	size_t before = request->system.len;

	if (!messages_add_content(
		request, &request->system, walk->fields.of[FIELD_CONTENT], PLACE_SYSTEM))
		return false;
	if (request->system.len > before) {
		messages_mark_last(&request->system, &walk->fields);
		if (walk->has_begun)
			request_leave_out(request->writer, "order of system messages");
	}
	return true;
}

static bool add_user(struct walk *walk)
{
	struct buf *blocks = messages_turns_user(&walk->turns);

	walk->has_begun = true;
	if (!messages_add_content(
		walk->request, blocks, walk->fields.of[FIELD_CONTENT], PLACE_USER))
		return false;
	messages_mark_last(blocks, &walk->fields);
	return messages_turns_said(&walk->turns);
}

/* A part of what the assistant has said: text; any other says itself what is wrong with it. */
static bool add_assistant_part(struct walk *walk, struct span part)
{
	struct messages_fields fields = messages_fields_of(part);
	struct buf none = {0};
	struct span text;
	bool done = true;

	if (messages_part_is_text(&fields, &text))
		messages_turns_text(&walk->turns, text, &fields);
	else
		done = messages_add_part(walk->request, &none, part, PLACE_ASSISTANT);
	buf_free(&none);
	return done;
}

static bool add_assistant(struct walk *walk)
{
	struct span content = walk->fields.of[FIELD_CONTENT], part;
	struct json_scan scan = json_open(content, 0);
	size_t before = walk->turns.assistant.len;

	walk->has_begun = true;
	if (json_type(content) == JSON_STRING) {
		messages_turns_text(&walk->turns, content, &walk->fields);
		return true;
	}
	if (content.len > 0 && json_type(content) != JSON_ARRAY)
		return request_invalid(walk->request->writer, param,
		    "Invalid 'input': a content has to be a string or an array of parts.");
	while (content.len > 0 && json_element(&scan, &part)) {
		if (!add_assistant_part(walk, part))
			return false;
	}
	messages_turns_mark(&walk->turns, before, &walk->fields);
	return true;
}

static bool add_message(struct walk *walk)
{
	static const struct {
		const char *role;
		item_fn *add;
	} roles[] = {
	    {"user", add_user},
	    {"assistant", add_assistant},
	    {"system", add_system},
	    {"developer", add_system},
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (json_string_is(walk->fields.of[FIELD_ROLE], roles[i].role))
			return roles[i].add(walk);
	}
	return request_invalid(walk->request->writer, param,
	    "Invalid 'input': the role of a message has to be 'user', 'assistant', 'system' or "
	    "'developer'.");
}

/* Appends the texts of a list of parts, as the inside of one JSON string. */
static void join_texts(struct buf *out, struct span parts)
{
	struct json_scan scan = json_open(parts, 0);
	struct span part, text;

	while (json_type(parts) == JSON_ARRAY && json_element(&scan, &part)) {
		text = json_get(part, "text");
		if (json_type(text) == JSON_STRING)
			buf_append_span(out, json_inside(text));
	}
}

/* text is the inside of a JSON string, signature is decoded. */
static void write_thinking(struct buf *out, struct span text, struct span signature)
{
	buf_puts(out, "{\"type\":\"thinking\",\"thinking\":\"");
	buf_append_span(out, text);
	buf_puts(out, "\",\"signature\":");
	json_quote(out, signature);
	buf_putc(out, '}');
}

/* Nothing if the reasoning is not from there. */
static void write_signed(struct walk *walk, struct buf *out)
{
	const struct span *of = walk->fields.of;
	struct buf data = {0}, text = {0};
	enum sealed_kind kind = SEALED_DETAILS;

	if (!sealed_read(of[FIELD_ENCRYPTED], walk->request->writer->deployment->id, &kind, &data))
		kind = SEALED_DETAILS;
	if (kind == SEALED_SIGNATURE)
		join_texts(&text, of[FIELD_SUMMARY]);
	if (kind == SEALED_SIGNATURE || kind == SEALED_OMITTED) {
		write_thinking(out, buf_span(&text), buf_span(&data));
	} else if (kind == SEALED_REDACTED) {
		buf_puts(out, "{\"type\":\"redacted_thinking\",\"data\":");
		json_quote(out, buf_span(&data));
		buf_putc(out, '}');
	}
	buf_free(&text);
	buf_free(&data);
}

static void write_unsigned(struct walk *walk, struct buf *out)
{
	const struct span *of = walk->fields.of;
	struct buf text = {0};

	join_texts(&text, of[FIELD_CONTENT]);
	if (text.len == 0)
		join_texts(&text, of[FIELD_SUMMARY]);
	if (text.len > 0)
		write_thinking(out, buf_span(&text), (struct span){0});
	buf_free(&text);
}

static bool add_reasoning(struct walk *walk)
{
	struct request_writer *writer = walk->request->writer;
	struct buf block = {0};

	walk->has_begun = true;
	if (!writer->without_thinking) {
		write_signed(walk, &block);
		if (block.len == 0 && request_has_quirk(writer, QUIRK_UNSIGNED_THINKING))
			write_unsigned(walk, &block);
	}
	if (block.len > 0)
		messages_turns_thinking(&walk->turns, buf_span(&block));
	else
		request_leave_out(writer, "reasoning of another origin");
	buf_free(&block);
	return true;
}

static bool is_word(struct span name)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] == '\0' || strchr(letters, name.p[i]) == NULL)
			return false;
	}
	return name.len > 0 && name.len <= TOOL_NAME_MAX;
}

/* What a tool that the request may lack is called; false if it cannot be called so. */
static bool write_tool_name(
    struct buf *out, const struct tool_names *tools, struct span space, struct span name)
{
	const struct tool_name *tool = tool_names_of_client(tools, space, name);
	struct tool_names unknown = {0};
	bool written = tool != NULL;

	if (!written && is_word(name) && (space.len == 0 || is_word(space))) {
		tool_names_add(
		    &unknown, TOOL_FUNCTION, space.len > 0 ? space : (struct span){0}, name);
		tool = &unknown.names[0];
		written = true;
	}
	if (written)
		json_quote(out, span_of(tool->sent));
	tool_names_free(&unknown);
	return written;
}

static bool put_call_name(struct walk *walk, struct buf *out)
{
	struct request_writer *writer = walk->request->writer;
	struct buf space = {0}, name = {0};
	bool written;

	json_decode(walk->fields.of[FIELD_NAMESPACE], &space);
	json_decode(walk->fields.of[FIELD_NAME], &name);
	buf_cstr(&name);
	written = write_tool_name(out, &writer->tools, buf_span(&space), buf_span(&name)) ||
		  request_invalid(writer, param,
		      "Invalid 'input': the name '%.80s' of a call must be 1 to 64 of the "
		      "characters A-Z, a-z, 0-9, _ and -.",
		      name.data);
	buf_free(&space);
	buf_free(&name);
	return written;
}

static void put_text_input(struct buf *out, struct span text)
{
	buf_puts(out, "{\"input\":");
	if (json_type(text) == JSON_STRING)
		buf_append_span(out, text);
	else
		buf_puts(out, "\"\"");
	buf_putc(out, '}');
}

/* Arguments that are no object, as after a model's mistake, go as text. */
static void put_arguments(struct buf *out, struct span arguments)
{
	struct buf decoded = {0};
	struct span text;

	if (arguments.len == 0 || messages_is_blank(arguments)) {
		buf_puts(out, "{}");
		return;
	}
	json_decode(arguments, &decoded);
	text = buf_span(&decoded);
	while (text.len > 0 && strchr(" \t\r\n", text.p[0]) != NULL) {
		text.p++;
		text.len--;
	}
	if (json_type(text) == JSON_OBJECT && json_check(text, 0, NULL, NULL))
		buf_append_span(out, text);
	else
		put_text_input(out, arguments);
	buf_free(&decoded);
}

static bool add_call(struct walk *walk)
{
	const struct span *of = walk->fields.of;
	const struct request_call *call = request_calls_of_item(&walk->calls, walk->item);
	struct buf *out;

	walk->has_begun = true;
	if (call == NULL)
		return request_invalid(walk->request->writer, param,
		    "Invalid 'input': a call of a tool has no 'call_id'.");
	out = messages_turns_call(&walk->turns, call);
	buf_puts(out, "{\"type\":\"tool_use\",\"id\":\"");
	messages_write_call_id(out, call);
	buf_puts(out, "\",\"name\":");
	if (!put_call_name(walk, out))
		return false;
	buf_puts(out, ",\"input\":");
	if (json_string_is(of[FIELD_TYPE], "custom_tool_call"))
		put_text_input(out, of[FIELD_INPUT]);
	else if (json_type(of[FIELD_ARGUMENTS]) == JSON_OBJECT)
		buf_append_span(out, of[FIELD_ARGUMENTS]);
	else
		put_arguments(out, of[FIELD_ARGUMENTS]);
	messages_write_mark(out, &walk->fields);
	buf_putc(out, '}');
	return true;
}

/* It has its place behind its call already; that one's message ends here. */
static bool pass_output(struct walk *walk)
{
	const struct request_call *output = request_calls_of_item(&walk->calls, walk->item);

	walk->has_begun = true;
	if (output == NULL || output->other.len == 0) {
		request_leave_out(walk->request->writer, "output without its call");
		return true;
	}
	return !messages_turns_awaits(&walk->turns, output->other) ||
	       messages_turns_results(&walk->turns);
}

/* What it names is in the input already, where the response stands that it is from. */
static bool resolve_reference(struct walk *walk)
{
	struct buf id = {0};

	if (!walk->has_ids)
		request_ids_open(&walk->ids, walk->request->members[MEMBER_INPUT]);
	walk->has_ids = true;
	if (request_ids_have(&walk->ids, walk->fields.of[FIELD_ID]))
		return true;
	json_decode(walk->fields.of[FIELD_ID], &id);
	request_invalid(
	    walk->request->writer, param, "Item with id '%.128s' not found.", buf_cstr(&id));
	buf_free(&id);
	return false;
}

static bool refuse_compaction(struct walk *walk)
{
	return messages_refuse(walk->request, param, "it cannot read a compacted conversation");
}

/* The answer that it led to is in the input, too. */
static bool leave_out(struct walk *walk)
{
	request_leave_out(walk->request->writer, "calls of hosted tools");
	return true;
}

static bool refuse_item(struct walk *walk)
{
	return request_refuse(
	    walk->request->writer, param, "it has no calls of shells, patches or computers");
}

static const struct {
	const char *type;
	item_fn *add;
} kinds[] = {
    {"message", add_message},
    {"reasoning", add_reasoning},
    {"function_call", add_call},
    {"custom_tool_call", add_call},
    {"function_call_output", pass_output},
    {"custom_tool_call_output", pass_output},
    {"item_reference", resolve_reference},
    {"compaction", refuse_compaction},
    {"compaction_summary", refuse_compaction},
    {"web_search_call", leave_out},
    {"file_search_call", leave_out},
    {"code_interpreter_call", leave_out},
    {"image_generation_call", leave_out},
    {"mcp_call", leave_out},
    {"mcp_list_tools", leave_out},
    {"mcp_approval_request", leave_out},
    {"mcp_approval_response", leave_out},
    {"tool_search_call", leave_out},
    {"tool_search_output", leave_out},
    {"local_shell_call", refuse_item},
    {"local_shell_call_output", refuse_item},
    {"shell_call", refuse_item},
    {"shell_call_output", refuse_item},
    {"apply_patch_call", refuse_item},
    {"apply_patch_call_output", refuse_item},
    {"computer_call", refuse_item},
    {"computer_call_output", refuse_item},
};

static bool add_item(struct walk *walk)
{
	struct span type = walk->fields.of[FIELD_TYPE];
	struct buf name = {0};

	if (type.len == 0 && walk->fields.of[FIELD_ROLE].len > 0)
		return add_message(walk);
	if (type.len == 0 && walk->fields.of[FIELD_ID].len > 0)
		return resolve_reference(walk);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_string_is(type, kinds[i].type))
			return kinds[i].add(walk);
	}
	json_decode(type, &name);
	request_invalid(walk->request->writer, param,
	    "Invalid 'input': there is no item of type '%.64s'.", buf_cstr(&name));
	buf_free(&name);
	return false;
}

static bool add_items(struct walk *walk, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	struct messages_fields none = {0};

	if (json_type(input) == JSON_STRING) {
		messages_add_text(messages_turns_user(&walk->turns), input, &none);
		return messages_turns_said(&walk->turns);
	}
	while (json_type(input) == JSON_ARRAY && json_element(&scan, &walk->item)) {
		walk->fields = messages_fields_of(walk->item);
		if (!add_item(walk))
			return false;
	}
	return true;
}

static bool add_instructions(struct messages_request *request)
{
	struct span instructions = request->members[MEMBER_INSTRUCTIONS];
	struct messages_fields none = {0};

	if (instructions.len > 0 && json_type(instructions) != JSON_STRING)
		return request_invalid(request->writer, "instructions",
		    "Invalid type for 'instructions': expected a string.");
	messages_add_text(&request->system, instructions, &none);
	return true;
}

bool messages_read_input(struct messages_request *request)
{
	struct span input = request->members[MEMBER_INPUT];
	struct walk walk = {.request = request};
	bool done;

	messages_turns_open(&walk.turns, request);
	request_calls_open(&walk.calls, input);
	done =
	    add_instructions(request) && add_items(&walk, input) && messages_turns_end(&walk.turns);
	if (request->thinking.is_strict && walk.turns.has_calls && !walk.turns.has_thought)
		messages_stop_thinking(request);
	request_calls_close(&walk.calls);
	request_ids_close(&walk.ids);
	messages_turns_close(&walk.turns);
	return done;
}
