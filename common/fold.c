#include "fold.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

/* ---- an event, taken apart ------------------------------------------------------------------- */

enum event_member {
	EVENT_TYPE,
	EVENT_ITEM_ID,
	EVENT_OUTPUT_INDEX,
	EVENT_CONTENT_INDEX,
	EVENT_SUMMARY_INDEX,
	EVENT_DELTA,
	EVENT_ITEM,
	EVENT_PART,
	EVENT_RESPONSE,
	EVENT_ANNOTATION,
	EVENT_TEXT,
	EVENT_REFUSAL,
	EVENT_ARGUMENTS,
	EVENT_INPUT,
	EVENT_CODE,
	EVENT_ERROR,
	EVENT_MESSAGE,
	EVENT_PARAM,
	EVENT_MEMBERS
};

#define NAME(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct span event_names[EVENT_MEMBERS] = {
    [EVENT_TYPE] = NAME("type"),
    [EVENT_ITEM_ID] = NAME("item_id"),
    [EVENT_OUTPUT_INDEX] = NAME("output_index"),
    [EVENT_CONTENT_INDEX] = NAME("content_index"),
    [EVENT_SUMMARY_INDEX] = NAME("summary_index"),
    [EVENT_DELTA] = NAME("delta"),
    [EVENT_ITEM] = NAME("item"),
    [EVENT_PART] = NAME("part"),
    [EVENT_RESPONSE] = NAME("response"),
    [EVENT_ANNOTATION] = NAME("annotation"),
    [EVENT_TEXT] = NAME("text"),
    [EVENT_REFUSAL] = NAME("refusal"),
    [EVENT_ARGUMENTS] = NAME("arguments"),
    [EVENT_INPUT] = NAME("input"),
    [EVENT_CODE] = NAME("code"),
    [EVENT_ERROR] = NAME("error"),
    [EVENT_MESSAGE] = NAME("message"),
    [EVENT_PARAM] = NAME("param"),
};

struct event_type;

struct event {
	const struct event_type *type;
	struct span members[EVENT_MEMBERS]; /* raw values, empty if absent */
};

typedef enum fold_result event_fn(struct fold *fold, const struct event *event);

/* What an event of this type changes, and which function does it. */
struct event_type {
	struct span name;
	event_fn *apply;
	enum item_member member; /* what grows in the item; for a part, the list that it is in */
	enum part_member part;   /* what grows in the part; PART_MEMBERS if it is the item's own */
	enum event_member value; /* where the event carries it */
	enum response_status status; /* for terminal events */
};

/* ---- the event table ------------------------------------------------------------------------- */

static event_fn item_came, part_added, part_done, delta_came, value_done, annotation_added,
    response_told, response_ended, error_came, nothing;

#define OWN(name)        ITEM_##name, PART_MEMBERS
#define IN_CONTENT(name) ITEM_CONTENT, PART_##name
#define IN_SUMMARY(name) ITEM_SUMMARY, PART_##name

static const struct event_type event_types[] = {
    {NAME("response.output_text.delta"), delta_came, IN_CONTENT(TEXT), EVENT_DELTA, 0},
    {NAME("response.function_call_arguments.delta"), delta_came, OWN(ARGUMENTS), EVENT_DELTA, 0},
    {NAME("response.reasoning_text.delta"), delta_came, IN_CONTENT(TEXT), EVENT_DELTA, 0},
    /* As the Open Responses specification calls it. */
    {NAME("response.reasoning.delta"), delta_came, IN_CONTENT(TEXT), EVENT_DELTA, 0},
    {NAME("response.reasoning_summary_text.delta"), delta_came, IN_SUMMARY(TEXT), EVENT_DELTA, 0},
    {NAME("response.refusal.delta"), delta_came, IN_CONTENT(REFUSAL), EVENT_DELTA, 0},
    {NAME("response.custom_tool_call_input.delta"), delta_came, OWN(INPUT), EVENT_DELTA, 0},
    {NAME("response.code_interpreter_call_code.delta"), delta_came, OWN(CODE), EVENT_DELTA, 0},
    {NAME("response.mcp_call_arguments.delta"), delta_came, OWN(ARGUMENTS), EVENT_DELTA, 0},

    {NAME("response.output_text.done"), value_done, IN_CONTENT(TEXT), EVENT_TEXT, 0},
    {NAME("response.function_call_arguments.done"), value_done, OWN(ARGUMENTS), EVENT_ARGUMENTS, 0},
    {NAME("response.reasoning_text.done"), value_done, IN_CONTENT(TEXT), EVENT_TEXT, 0},
    {NAME("response.reasoning.done"), value_done, IN_CONTENT(TEXT), EVENT_TEXT, 0},
    {NAME("response.reasoning_summary_text.done"), value_done, IN_SUMMARY(TEXT), EVENT_TEXT, 0},
    {NAME("response.refusal.done"), value_done, IN_CONTENT(REFUSAL), EVENT_REFUSAL, 0},
    {NAME("response.custom_tool_call_input.done"), value_done, OWN(INPUT), EVENT_INPUT, 0},
    {NAME("response.code_interpreter_call_code.done"), value_done, OWN(CODE), EVENT_CODE, 0},
    {NAME("response.mcp_call_arguments.done"), value_done, OWN(ARGUMENTS), EVENT_ARGUMENTS, 0},

    {NAME("response.output_item.added"), item_came, 0, 0, EVENT_ITEM, 0},
    {NAME("response.output_item.done"), item_came, 0, 0, EVENT_ITEM, 0},
    {NAME("response.content_part.added"), part_added, ITEM_CONTENT, 0, EVENT_PART, 0},
    {NAME("response.content_part.done"), part_done, ITEM_CONTENT, 0, EVENT_PART, 0},
    {NAME("response.reasoning_summary_part.added"), part_added, ITEM_SUMMARY, 0, EVENT_PART, 0},
    {NAME("response.reasoning_summary_part.done"), part_done, ITEM_SUMMARY, 0, EVENT_PART, 0},
    {NAME("response.output_text.annotation.added"), annotation_added, IN_CONTENT(ANNOTATIONS),
	EVENT_ANNOTATION, 0},

    {NAME("response.created"), response_told, 0, 0, EVENT_RESPONSE, 0},
    {NAME("response.in_progress"), response_told, 0, 0, EVENT_RESPONSE, 0},
    {NAME("response.queued"), nothing, 0, 0, 0, 0},
    {NAME("response.completed"), response_ended, 0, 0, EVENT_RESPONSE, STATUS_COMPLETED},
    {NAME("response.incomplete"), response_ended, 0, 0, EVENT_RESPONSE, STATUS_INCOMPLETE},
    {NAME("response.failed"), response_ended, 0, 0, EVENT_RESPONSE, STATUS_FAILED},
    {NAME("response.cancelled"), response_ended, 0, 0, EVENT_RESPONSE, STATUS_CANCELLED},
    {NAME("error"), error_came, 0, 0, EVENT_ERROR, 0},

    /* Progress of tools: the item's own events bring its final state. */
    {NAME("response.web_search_call.in_progress"), nothing, 0, 0, 0, 0},
    {NAME("response.web_search_call.searching"), nothing, 0, 0, 0, 0},
    {NAME("response.web_search_call.completed"), nothing, 0, 0, 0, 0},
    {NAME("response.file_search_call.in_progress"), nothing, 0, 0, 0, 0},
    {NAME("response.file_search_call.searching"), nothing, 0, 0, 0, 0},
    {NAME("response.file_search_call.completed"), nothing, 0, 0, 0, 0},
    {NAME("response.code_interpreter_call.in_progress"), nothing, 0, 0, 0, 0},
    {NAME("response.code_interpreter_call.interpreting"), nothing, 0, 0, 0, 0},
    {NAME("response.code_interpreter_call.completed"), nothing, 0, 0, 0, 0},
    {NAME("response.image_generation_call.in_progress"), nothing, 0, 0, 0, 0},
    {NAME("response.image_generation_call.generating"), nothing, 0, 0, 0, 0},
    {NAME("response.image_generation_call.partial_image"), nothing, 0, 0, 0, 0},
    {NAME("response.image_generation_call.completed"), nothing, 0, 0, 0, 0},
    {NAME("response.mcp_call.in_progress"), nothing, 0, 0, 0, 0},
    {NAME("response.mcp_call.completed"), nothing, 0, 0, 0, 0},
    {NAME("response.mcp_call.failed"), nothing, 0, 0, 0, 0},
    {NAME("response.mcp_list_tools.in_progress"), nothing, 0, 0, 0, 0},
    {NAME("response.mcp_list_tools.completed"), nothing, 0, 0, 0, 0},
    {NAME("response.mcp_list_tools.failed"), nothing, 0, 0, 0, 0},
    {NAME("keepalive"), nothing, 0, 0, 0, 0},
};

static bool is_name(struct span name, struct span known)
{
	return name.len == known.len && memcmp(name.p, known.p, name.len) == 0;
}

static enum event_member find_member(struct span name)
{
	int m = 0;

	while (m < EVENT_MEMBERS && !is_name(name, event_names[m]))
		m++;
	return (enum event_member)m;
}

static const struct event_type *find_type(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(event_types) / sizeof(event_types[0]); i++)
		if (is_name(name, event_types[i].name))
			return &event_types[i];
	return NULL;
}

/* ---- bad events ------------------------------------------------------------------------------ */

enum {
	QUOTED_ID = 64, /* at most so much of an event is quoted in a warning */
	QUOTED_NUMBER = 32,
};

/* Says why an event is skipped. */
static enum fold_result skip(struct fold *fold, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum fold_result skip(struct fold *fold, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fold->warning, sizeof(fold->warning), format, args);
	va_end(args);
	return FOLD_SKIPPED;
}

static int quoted(struct span value, size_t max)
{
	return (int)(value.len < max ? value.len : max);
}

static const char *type_of(struct span value)
{
	return json_type_name(json_type(value));
}

/* Checks the type of the value that the event carries. */
static enum fold_result expect(struct fold *fold, const struct event *event, enum json_type type)
{
	struct span value = event->members[event->type->value];

	if (json_type(value) == type)
		return FOLD_CHANGED;
	return skip(fold, "%s: %s is %s, expected %s", event->type->name.p,
	    event_names[event->type->value].p, type_of(value), json_type_name(type));
}

/* ---- what an event is about ------------------------------------------------------------------ */

/* Reads an index that is below limit; *index keeps its value if the event has none. */
static enum fold_result event_index(struct fold *fold, const struct event *event,
    enum event_member member, long long limit, long long *index)
{
	struct span value = event->members[member];

	if (!json_is_given(value))
		return FOLD_CHANGED;
	if (!json_integer(value, index))
		return skip(fold, "%s: %s is %.*s, expected an integer", event->type->name.p,
		    event_names[member].p, quoted(value, QUOTED_NUMBER), value.p);
	if (*index < 0 || *index >= limit)
		return skip(fold, "%s: %s %lld is out of range, expected 0 to %lld",
		    event->type->name.p, event_names[member].p, *index, limit - 1);
	return FOLD_CHANGED;
}

static enum fold_result event_item(struct fold *fold, const struct event *event, struct item **out)
{
	struct span id = event->members[EVENT_ITEM_ID];
	long long index; /* the id says which item; a bad index says that the event is bad */

	if (event_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (json_type(id) != JSON_STRING)
		return skip(
		    fold, "%s: item_id is %s, expected a string", event->type->name.p, type_of(id));
	*out = output_find(&fold->output, id);
	if (*out == NULL)
		return skip(fold, "%s: no item has the id %.*s", event->type->name.p,
		    quoted(id, QUOTED_ID), id.p);
	return FOLD_CHANGED;
}

static enum event_member index_member(const struct event *event)
{
	return event->type->member == ITEM_SUMMARY ? EVENT_SUMMARY_INDEX : EVENT_CONTENT_INDEX;
}

static enum fold_result event_part(
    struct fold *fold, const struct event *event, struct item *item, struct part **out)
{
	struct part_list *list = item_parts(item, event->type->member);
	long long index = 0;

	if (list->count == 0)
		return skip(fold, "%s: the item has no %s yet", event->type->name.p,
		    item_kinds[event->type->member].name);
	if (event_index(fold, event, index_member(event), (long long)list->count, &index) ==
	    FOLD_SKIPPED)
		return FOLD_SKIPPED;
	*out = list->parts[index];
	return FOLD_CHANGED;
}

/* Finds the string or array that the event lets grow. */
static enum fold_result event_grown(
    struct fold *fold, const struct event *event, struct grown **out)
{
	const struct event_type *type = event->type;
	struct item *item;
	struct part *part;

	if (event_item(fold, event, &item) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (type->part == PART_MEMBERS) {
		*out = output_item_grown(&fold->output, item, type->member);
		if (*out == NULL)
			return skip(fold, "%s: the item's %s is not a string", type->name.p,
			    item_kinds[type->member].name);
		return FOLD_CHANGED;
	}
	if (event_part(fold, event, item, &part) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	*out = output_part_grown(&fold->output, part, type->part);
	if (*out == NULL)
		return skip(fold, "%s: the part's %s is not %s", type->name.p,
		    part_kinds[type->part].name,
		    part_kinds[type->part].is_list ? "an array" : "a string");
	return FOLD_CHANGED;
}

/* ---- events that change items ---------------------------------------------------------------- */

static enum fold_result delta_came(struct fold *fold, const struct event *event)
{
	struct grown *grown;

	if (expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    event_grown(fold, event, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_append_text(&fold->output, grown, event->members[event->type->value]);
	fold->text_seen = true;
	return FOLD_CHANGED;
}

static enum fold_result value_done(struct fold *fold, const struct event *event)
{
	struct grown *grown;

	if (expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    event_grown(fold, event, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_set_text(&fold->output, grown, event->members[event->type->value]);
	return FOLD_CHANGED;
}

static enum fold_result annotation_added(struct fold *fold, const struct event *event)
{
	struct grown *grown;

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    event_grown(fold, event, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_append_element(&fold->output, grown, event->members[event->type->value]);
	return FOLD_CHANGED;
}

static enum fold_result put_part(
    struct fold *fold, const struct event *event, struct item *item, long long index)
{
	enum item_member list = event->type->member;

	if (output_put_part(&fold->output, item, list, (size_t)index, event->members[EVENT_PART]))
		return FOLD_CHANGED;
	return skip(fold, "%s: the item's %s is not an array, or has too many parts",
	    event->type->name.p, item_kinds[list].name);
}

/* A part replaces the one at its index, or comes behind the last one. */
static enum fold_result part_added(struct fold *fold, const struct event *event)
{
	struct item *item;
	long long count, index;

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    event_item(fold, event, &item) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	index = count = (long long)item_parts(item, event->type->member)->count;
	if (event_index(fold, event, index_member(event), count + 1, &index) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	return put_part(fold, event, item, index);
}

static enum fold_result part_done(struct fold *fold, const struct event *event)
{
	struct item *item;
	struct part *part;
	long long index = 0;

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    event_item(fold, event, &item) == FOLD_SKIPPED ||
	    event_part(fold, event, item, &part) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	json_integer(event->members[index_member(event)], &index);
	return put_part(fold, event, item, index);
}

static enum fold_result item_came(struct fold *fold, const struct event *event)
{
	struct span item = event->members[EVENT_ITEM], id;
	long long index = output_next_index(&fold->output);

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    event_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	id = json_get(item, "id");
	if (json_type(id) != JSON_STRING)
		return skip(fold, "%s: the item's id is %s, expected a string", event->type->name.p,
		    type_of(id));
	if (!output_put_item(&fold->output, item, index))
		return skip(
		    fold, "%s: there are %d items already", event->type->name.p, OUTPUT_ITEMS_MAX);
	return FOLD_CHANGED;
}

/* ---- events about the whole response --------------------------------------------------------- */

static enum fold_result nothing(struct fold *fold, const struct event *event)
{
	(void)fold;
	(void)event;
	return FOLD_IGNORED;
}

static enum fold_result response_told(struct fold *fold, const struct event *event)
{
	if (event->members[EVENT_RESPONSE].len == 0)
		return FOLD_IGNORED;
	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	response_nodes_merge(&fold->nodes, event->members[EVENT_RESPONSE]);
	if (json_is_given(json_get(event->members[EVENT_RESPONSE], "error")))
		fold->error_seen = true;
	return FOLD_CHANGED;
}

static void merge_output(struct fold *fold, struct span items)
{
	struct json_scan scan = json_open(items, JSON_ACCEPT_BAD_UTF8);
	struct span item;

	while (json_element(&scan, &item))
		if (json_type(item) == JSON_OBJECT)
			output_put_item(&fold->output, item, output_next_index(&fold->output));
}

static enum response_status told_status(struct span response, enum response_status otherwise)
{
	struct span value = json_get(response, "status");
	enum response_status status = STATUS_COUNT;

	if (json_type(value) == JSON_STRING)
		status = response_status_find(json_inside(value));
	return response_status_is_terminal(status) ? status : otherwise;
}

static void end_with(struct fold *fold, enum response_status status)
{
	output_end(&fold->output);
	fold->status = status;
}

static enum fold_result end_response(
    struct fold *fold, struct span response, enum response_status otherwise)
{
	response_nodes_merge(&fold->nodes, response);
	merge_output(fold, json_get(response, "output"));
	end_with(fold, told_status(response, otherwise));
	return FOLD_TERMINAL;
}

/* The stream has ended even if the event does not say with what. */
static enum fold_result response_ended(struct fold *fold, const struct event *event)
{
	if (json_is_given(event->members[EVENT_RESPONSE]) &&
	    expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	return end_response(fold, event->members[EVENT_RESPONSE], event->type->status);
}

/* An error's members may stand in the event itself. */
static enum fold_result error_came(struct fold *fold, const struct event *event)
{
	static const enum event_member members[] = {EVENT_CODE, EVENT_MESSAGE, EVENT_PARAM};
	struct span error = event->members[EVENT_ERROR];
	struct buf made = {0};
	size_t i;

	if (json_type(error) != JSON_OBJECT) {
		buf_putc(&made, '{');
		for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			if (event->members[members[i]].len == 0)
				continue;
			json_write_name(&made, event_names[members[i]]);
			buf_append_span(&made, event->members[members[i]]);
		}
		buf_putc(&made, '}');
		error = buf_span(&made);
	}
	response_nodes_set_field(&fold->nodes, RESPONSE_ERROR, error);
	fold->error_seen = true;
	buf_free(&made);
	return FOLD_CHANGED;
}

/* ---- the interface --------------------------------------------------------------------------- */

bool fold_open(struct fold *fold, struct span object)
{
	*fold = (struct fold){.status = STATUS_IN_PROGRESS};
	if (!response_nodes_open(&fold->nodes, &fold->doc, object))
		return false;
	output_open(&fold->output, &fold->doc, fold->nodes.output);
	return true;
}

void fold_close(struct fold *fold)
{
	output_close(&fold->output);
	response_nodes_close(&fold->nodes);
	document_free(&fold->doc);
	*fold = (struct fold){0};
}

/* An annotation, which is the deepest, is nested so much deeper in the object than in its event. */
enum { DEEPER_IN_OBJECT = 5 };

/* Takes an event apart. */
static enum fold_result read_event(struct fold *fold, struct event *event, struct span data)
{
	struct json_scan scan = json_open(data, JSON_ACCEPT_BAD_UTF8);
	struct buf scratch = {0};
	struct span name, value, type;

	scan.depth = DEEPER_IN_OBJECT;
	while (json_member(&scan, &name, &value)) {
		enum event_member member = find_member(json_name(&scratch, name));

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
		event->type = find_type(json_name(&scratch, json_inside(type)));
	buf_free(&scratch);
	if (scan.error != NULL)
		return skip(fold, "an event that is no JSON object: %s at byte %zu", scan.error,
		    (size_t)(scan.p - scan.start));
	if (json_type(type) != JSON_STRING)
		return skip(fold, "an event whose type is %s, expected a string", type_of(type));
	if (event->type == NULL)
		return skip(fold, "unknown event %.*s", quoted(type, QUOTED_ID), type.p);
	return FOLD_CHANGED;
}

enum fold_result fold_event(struct fold *fold, struct span data)
{
	struct event event = {0};

	if (response_status_is_terminal(fold->status))
		return FOLD_IGNORED;
	if (read_event(fold, &event, data) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	return event.type->apply(fold, &event);
}

enum fold_result fold_response(struct fold *fold, struct span response)
{
	const char *error;
	size_t offset;

	if (response_status_is_terminal(fold->status))
		return FOLD_IGNORED;
	if (!json_check(response, JSON_ACCEPT_BAD_UTF8, &error, &offset))
		return skip(fold, "the response is no JSON: %s at byte %zu", error, offset);
	while (response.len > 0 && json_type(response) == JSON_NONE)
		response = (struct span){response.p + 1, response.len - 1};
	if (json_type(response) != JSON_OBJECT)
		return skip(fold, "the response is %s, expected an object", type_of(response));
	return end_response(fold, response, STATUS_COMPLETED);
}

void fold_end(struct fold *fold)
{
	if (!response_status_is_terminal(fold->status))
		end_with(fold, fold->error_seen ? STATUS_FAILED : STATUS_COMPLETED);
}

void fold_fail_with(struct fold *fold, struct span error)
{
	response_nodes_set_field(&fold->nodes, RESPONSE_ERROR, error);
	end_with(fold, STATUS_FAILED);
}

void fold_fail(struct fold *fold, const char *code, struct span message)
{
	struct buf error = {0};

	buf_puts(&error, "{\"code\":");
	json_quote(&error, span_of(code));
	buf_puts(&error, ",\"message\":");
	json_quote(&error, message);
	buf_putc(&error, '}');
	fold_fail_with(fold, buf_span(&error));
	buf_free(&error);
}

void fold_seal(struct fold *fold, time_t now)
{
	response_nodes_set_status(&fold->nodes, fold->status, now);
}
