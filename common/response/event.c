#include "event.h"

#include <string.h>

#include "fold_growth.h"
#include "fold_items.h"
#include "fold_lifecycle.h"
#include "fold_warning.h"
#include "common/base/json.h"

#define NAME(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct span member_names[EVENT_MEMBERS] = {
    [EVENT_TYPE] = NAME("type"),
    [EVENT_SEQUENCE_NUMBER] = NAME("sequence_number"),
    [EVENT_OBFUSCATION] = NAME("obfuscation"),
    [EVENT_ITEM_ID] = NAME("item_id"),
    [EVENT_OUTPUT_INDEX] = NAME("output_index"),
    [EVENT_CONTENT_INDEX] = NAME("content_index"),
    [EVENT_SUMMARY_INDEX] = NAME("summary_index"),
    [EVENT_COMMAND_INDEX] = NAME("command_index"),
    [EVENT_DELTA] = NAME("delta"),
    [EVENT_LOGPROBS] = NAME("logprobs"),
    [EVENT_ITEM] = NAME("item"),
    [EVENT_PART] = NAME("part"),
    [EVENT_RESPONSE] = NAME("response"),
    [EVENT_ANNOTATION_INDEX] = NAME("annotation_index"),
    [EVENT_ANNOTATION] = NAME("annotation"),
    [EVENT_NAME] = NAME("name"),
    [EVENT_TEXT] = NAME("text"),
    [EVENT_REFUSAL] = NAME("refusal"),
    [EVENT_ARGUMENTS] = NAME("arguments"),
    [EVENT_INPUT] = NAME("input"),
    [EVENT_COMMAND] = NAME("command"),
    [EVENT_OUTPUT] = NAME("output"),
    [EVENT_DIFF] = NAME("diff"),
    [EVENT_CODE] = NAME("code"),
    [EVENT_ERROR] = NAME("error"),
    [EVENT_MESSAGE] = NAME("message"),
    [EVENT_PARAM] = NAME("param"),
};

#define TYPE(name)       NAME("response." name)
#define OWN(name)        ITEM_##name, PART_NONE
#define IN_CONTENT(name) ITEM_CONTENT, PART_##name
#define IN_SUMMARY(name) ITEM_SUMMARY, PART_##name
#define PART_OF(list)    ITEM_##list, PART_NONE, EVENT_PART
#define RESPONSE         ITEM_MEMBERS, PART_NONE, EVENT_RESPONSE, OPENS_NOTHING
#define ITEM             ITEM_MEMBERS, PART_NONE, EVENT_ITEM, OPENS_NOTHING, STATUS_COUNT
#define OPENS(what)      OPENS_##what, STATUS_COUNT
#define IDLE(name)                                                                                 \
	{                                                                                          \
		NAME(name), event_does_nothing, ITEM_MEMBERS, PART_NONE, EVENT_MEMBERS,            \
		    OPENS(NOTHING)                                                                 \
	}
#define IDLE_TYPE(name) IDLE("response." name)

/* The most frequent ones come first. */
static const struct event_type event_types[] = {
    {TYPE("output_text.delta"), delta_came, IN_CONTENT(TEXT), EVENT_DELTA, OPENS(TEXT)},
    {TYPE("function_call_arguments.delta"), delta_came, OWN(ARGUMENTS), EVENT_DELTA,
	OPENS(FUNCTION_CALL)},
    {TYPE("reasoning_text.delta"), delta_came, IN_CONTENT(TEXT), EVENT_DELTA, OPENS(REASONING)},
    /* As the Open Responses specification calls it. */
    {TYPE("reasoning.delta"), delta_came, IN_CONTENT(TEXT), EVENT_DELTA, OPENS(REASONING)},
    {TYPE("reasoning_summary_text.delta"), delta_came, IN_SUMMARY(TEXT), EVENT_DELTA,
	OPENS(SUMMARY)},
    {TYPE("refusal.delta"), delta_came, IN_CONTENT(REFUSAL), EVENT_DELTA, OPENS(REFUSAL)},
    {TYPE("custom_tool_call_input.delta"), delta_came, OWN(INPUT), EVENT_DELTA, OPENS(CUSTOM_CALL)},
    {TYPE("code_interpreter_call_code.delta"), delta_came, OWN(CODE), EVENT_DELTA,
	OPENS(CODE_CALL)},
    {TYPE("mcp_call_arguments.delta"), delta_came, OWN(ARGUMENTS), EVENT_DELTA, OPENS(MCP_CALL)},
    {TYPE("shell_call_command.delta"), delta_came, ITEM_COMMANDS, PART_SELF, EVENT_DELTA,
	OPENS(SHELL_CALL)},
    {TYPE("shell_call_output_content.delta"), streams_came, ITEM_OUTPUT, PART_STDOUT, EVENT_DELTA,
	OPENS(SHELL_OUTPUT)},
    {TYPE("apply_patch_call_operation_diff.delta"), delta_came, OWN(DIFF), EVENT_DELTA,
	OPENS(PATCH_CALL)},

    {TYPE("output_text.done"), value_done, IN_CONTENT(TEXT), EVENT_TEXT, OPENS(TEXT)},
    {TYPE("function_call_arguments.done"), value_done, OWN(ARGUMENTS), EVENT_ARGUMENTS,
	OPENS(FUNCTION_CALL)},
    {TYPE("reasoning_text.done"), value_done, IN_CONTENT(TEXT), EVENT_TEXT, OPENS(REASONING)},
    {TYPE("reasoning.done"), value_done, IN_CONTENT(TEXT), EVENT_TEXT, OPENS(REASONING)},
    {TYPE("reasoning_summary_text.done"), value_done, IN_SUMMARY(TEXT), EVENT_TEXT, OPENS(SUMMARY)},
    {TYPE("refusal.done"), value_done, IN_CONTENT(REFUSAL), EVENT_REFUSAL, OPENS(REFUSAL)},
    {TYPE("custom_tool_call_input.done"), value_done, OWN(INPUT), EVENT_INPUT, OPENS(CUSTOM_CALL)},
    {TYPE("code_interpreter_call_code.done"), value_done, OWN(CODE), EVENT_CODE, OPENS(CODE_CALL)},
    {TYPE("mcp_call_arguments.done"), value_done, OWN(ARGUMENTS), EVENT_ARGUMENTS, OPENS(MCP_CALL)},
    {TYPE("shell_call_command.added"), command_added, ITEM_COMMANDS, PART_SELF, EVENT_COMMAND,
	OPENS(SHELL_CALL)},
    {TYPE("shell_call_command.done"), value_done, ITEM_COMMANDS, PART_SELF, EVENT_COMMAND,
	OPENS(SHELL_CALL)},
    {TYPE("shell_call_output_content.done"), outputs_done, ITEM_OUTPUT, PART_NONE, EVENT_OUTPUT,
	OPENS(SHELL_OUTPUT)},
    {TYPE("apply_patch_call_operation_diff.done"), value_done, OWN(DIFF), EVENT_DIFF,
	OPENS(PATCH_CALL)},

    {TYPE("output_item.added"), item_added, ITEM},
    {TYPE("output_item.done"), item_done, ITEM},
    {TYPE("content_part.added"), part_added, PART_OF(CONTENT), OPENS(TEXT)},
    {TYPE("content_part.done"), part_done, PART_OF(CONTENT), OPENS(TEXT)},
    {TYPE("reasoning_summary_part.added"), part_added, PART_OF(SUMMARY), OPENS(SUMMARY)},
    {TYPE("reasoning_summary_part.done"), part_done, PART_OF(SUMMARY), OPENS(SUMMARY)},
    {TYPE("output_text.annotation.added"), annotation_added, IN_CONTENT(ANNOTATIONS),
	EVENT_ANNOTATION, OPENS(TEXT)},

    {TYPE("created"), response_created, RESPONSE, STATUS_COUNT},
    {TYPE("in_progress"), response_told, RESPONSE, STATUS_COUNT},
    {TYPE("completed"), response_ended, RESPONSE, STATUS_COMPLETED},
    {TYPE("incomplete"), response_ended, RESPONSE, STATUS_INCOMPLETE},
    {TYPE("failed"), response_ended, RESPONSE, STATUS_FAILED},
    {TYPE("cancelled"), response_ended, RESPONSE, STATUS_CANCELLED},
    {NAME("error"), error_came, ITEM_MEMBERS, PART_NONE, EVENT_ERROR, OPENS(NOTHING)},

    IDLE_TYPE("queued"),
    /* Progress of tools: the item's own events bring its final state. */
    IDLE_TYPE("web_search_call.in_progress"),
    IDLE_TYPE("web_search_call.searching"),
    IDLE_TYPE("web_search_call.completed"),
    IDLE_TYPE("file_search_call.in_progress"),
    IDLE_TYPE("file_search_call.searching"),
    IDLE_TYPE("file_search_call.completed"),
    IDLE_TYPE("code_interpreter_call.in_progress"),
    IDLE_TYPE("code_interpreter_call.interpreting"),
    IDLE_TYPE("code_interpreter_call.completed"),
    IDLE_TYPE("image_generation_call.in_progress"),
    IDLE_TYPE("image_generation_call.generating"),
    IDLE_TYPE("image_generation_call.partial_image"),
    IDLE_TYPE("image_generation_call.completed"),
    IDLE_TYPE("mcp_call.in_progress"),
    IDLE_TYPE("mcp_call.completed"),
    IDLE_TYPE("mcp_call.failed"),
    IDLE_TYPE("mcp_list_tools.in_progress"),
    IDLE_TYPE("mcp_list_tools.completed"),
    IDLE_TYPE("mcp_list_tools.failed"),
    IDLE("keepalive"),
};

static bool is_name(struct span name, struct span known)
{
	return name.len == known.len && memcmp(name.p, known.p, name.len) == 0;
}

static enum event_member find_member(struct span name)
{
	int m = 0;

	while (m < EVENT_MEMBERS && !is_name(name, member_names[m]))
		m++;
	return (enum event_member)m;
}

/* The names that are known need no escapes, so that hardly any is to be decoded. */
static enum event_member member_of(struct buf *scratch, struct span raw)
{
	enum event_member member = find_member(raw);

	return member != EVENT_MEMBERS ? member : find_member(json_name(scratch, raw));
}

const struct event_type *event_type_find(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(event_types) / sizeof(event_types[0]); i++)
		if (is_name(name, event_types[i].name))
			return &event_types[i];
	return NULL;
}

static const struct event_type *type_of(struct buf *scratch, struct span raw)
{
	const struct event_type *type = event_type_find(raw);

	return type != NULL ? type : event_type_find(json_name(scratch, raw));
}

const char *event_name(const struct response_event *event)
{
	return event->type->name.p;
}

const char *event_member_name(enum event_member member)
{
	return member_names[member].p;
}

enum fold_result event_does_nothing(struct fold *fold, const struct response_event *event)
{
	(void)fold;
	(void)event;
	return FOLD_IGNORED;
}

/* An annotation, which is the deepest, is nested so much deeper in the object than in its event. */
enum { DEEPER_IN_OBJECT = 5 };

enum fold_result event_read(struct fold *fold, struct response_event *event, struct span data)
{
	struct json_scan scan = json_open(data, JSON_ACCEPT_BAD_UTF8);
	struct buf scratch = {0};
	struct span name, value, type;

	event->data = data;
	scan.depth = DEEPER_IN_OBJECT;
	while (json_member(&scan, &name, &value)) {
		enum event_member member = member_of(&scratch, name);

		if (member != EVENT_MEMBERS)
			event->members[member] = value;
	}
	type = event->members[EVENT_TYPE];
	/*
	 * Gateways report an error in the middle of a stream as {"error":{...}} and nothing else.
	 */
	if (type.len == 0 && json_type(event->members[EVENT_ERROR]) == JSON_OBJECT)
		type = SPAN("\"error\"");
	if (json_type(type) == JSON_STRING)
		event->type = type_of(&scratch, json_inside(type));
	buf_free(&scratch);
	if (scan.error != NULL)
		return fold_skip(fold, "an event that is no JSON object: %s at byte %zu",
		    scan.error, (size_t)(scan.p - scan.start));
	if (json_type(type) != JSON_STRING)
		return fold_skip(fold, "an event whose type is %s, expected a string",
		    json_type_name(json_type(type)));
	if (event->type == NULL)
		return fold_skip(fold, "unknown event %.*s", fold_quoted(type), type.p);
	return FOLD_CHANGED;
}

static struct span after_blanks(struct span text)
{
	while (text.len > 0 && (text.p[0] == ' ' || text.p[0] == '\t')) {
		text.p++;
		text.len--;
	}
	return text;
}

/* Takes this off the front, and the blanks before it. */
static bool begins_with(struct span *text, struct span what)
{
	*text = after_blanks(*text);
	if (text->len < what.len || memcmp(text->p, what.p, what.len) != 0)
		return false;
	*text = (struct span){text->p + what.len, text->len - what.len};
	return true;
}

bool event_is_idle(struct span beginning)
{
	const struct event_type *type;
	const char *quote;

	if (!begins_with(&beginning, SPAN("{")) || !begins_with(&beginning, SPAN("\"type\"")) ||
	    !begins_with(&beginning, SPAN(":")) || !begins_with(&beginning, SPAN("\"")))
		return false;
	quote = memchr(beginning.p, '"', beginning.len);
	if (quote == NULL)
		return false;
	type = event_type_find((struct span){beginning.p, (size_t)(quote - beginning.p)});
	return type != NULL && type->apply == event_does_nothing;
}

static const char *const signs_of_life[] = {"ping", "keepalive"};
enum { SIGNS_OF_LIFE = sizeof(signs_of_life) / sizeof(signs_of_life[0]) };

bool event_type_is_sign_of_life(struct span type)
{
	for (size_t i = 0; i < SIGNS_OF_LIFE; i++) {
		if (span_is(type, signs_of_life[i]))
			return true;
	}
	return false;
}

bool event_is_sign_of_life(struct span data)
{
	struct span type = json_get(data, "type");

	for (size_t i = 0; i < SIGNS_OF_LIFE; i++) {
		if (json_string_is(type, signs_of_life[i]))
			return true;
	}
	return false;
}

bool event_is_done_marker(struct span data)
{
	while (data.len > 0 && (data.p[data.len - 1] == ' ' || data.p[data.len - 1] == '\t'))
		data.len--;
	return span_is(data, "[DONE]");
}
