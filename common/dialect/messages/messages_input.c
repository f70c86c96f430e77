#include "messages_internal.h"

#include "common/base/json.h"
#include "messages_turns.h"
#include "common/dialect/request_references.h"

static const char param[] = "input";

/* The walk through the input, and the item that it is at. */
struct walk {
	struct messages_request *request;
	struct messages_turns turns;
	struct request_calls calls;
	struct request_references references;
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
		return request_item_invalid(
		    walk->request->writer, "a content has to be a string or an array of parts");
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
	return request_item_invalid(walk->request->writer,
	    "the role of a message has to be 'user', 'assistant', 'system' or "
	    "'developer'");
}

static bool add_reasoning(struct walk *walk)
{
	struct buf block = {0};

	walk->has_begun = true;
	messages_write_thinking(&block, walk->request->writer, &walk->fields);
	if (block.len > 0)
		messages_turns_thinking(&walk->turns, buf_span(&block));
	else
		request_leave_out(walk->request->writer, "input.reasoning");
	buf_free(&block);
	return true;
}

static bool add_call(struct walk *walk)
{
	const struct request_call *call = request_calls_of_item(&walk->calls, walk->item);

	walk->has_begun = true;
	if (call == NULL)
		return request_item_invalid(
		    walk->request->writer, "a call of a tool has no 'call_id'");
	return messages_write_call(
	    messages_turns_call(&walk->turns, call), walk->request->writer, call, &walk->fields);
}

/* It has its place behind its call already; that one's message ends here. */
static bool pass_output(struct walk *walk)
{
	const struct request_call *output = request_calls_of_item(&walk->calls, walk->item);

	walk->has_begun = true;
	if (output == NULL || output->other.len == 0) {
		request_leave_out(walk->request->writer, "input.function_call_output");
		return true;
	}
	return !messages_turns_awaits(&walk->turns, output->other) ||
	       messages_turns_results(&walk->turns);
}

static bool check_reference(struct walk *walk)
{
	return request_references_check(&walk->references, walk->request->writer, walk->item);
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
    {"item_reference", check_reference},
    {"local_shell_call", add_call},
    {"local_shell_call_output", pass_output},
    {"shell_call", add_call},
    {"shell_call_output", pass_output},
    {"apply_patch_call", add_call},
    {"apply_patch_call_output", pass_output},
};

static bool add_item(struct walk *walk)
{
	struct span type = walk->fields.of[FIELD_TYPE];
	struct buf name = {0};

	if (type.len == 0 && walk->fields.of[FIELD_ROLE].len > 0)
		return add_message(walk);
	if (type.len == 0 && walk->fields.of[FIELD_ID].len > 0)
		return check_reference(walk);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_string_is(type, kinds[i].type))
			return kinds[i].add(walk);
	}
	if (request_is_of_hosted_tool(type)) {
		request_leave_out_hosted(walk->request->writer);
		return true;
	}
	if (json_type(type) != JSON_STRING)
		return request_item_invalid(walk->request->writer, "an item has no type");
	json_decode(type, &name);
	request_refuse_always(
	    walk->request->writer, param, "it has no items of type '%.64s'", buf_cstr(&name));
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
		walk->request->writer->index++;
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

	if (!request_says_something(request->writer, request->members[MEMBER_INSTRUCTIONS], input))
		return false;
	messages_turns_open(&walk.turns, request);
	request_calls_open(&walk.calls, input);
	request_references_open(&walk.references, input);
	done =
	    add_instructions(request) && add_items(&walk, input) && messages_turns_end(&walk.turns);
	if (request->thinking.is_strict && walk.turns.has_calls && !walk.turns.has_thought)
		messages_stop_thinking(request);
	request_calls_close(&walk.calls);
	request_references_close(&walk.references);
	messages_turns_close(&walk.turns);
	return done;
}
