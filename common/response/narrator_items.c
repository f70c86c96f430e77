#include "narrator_internal.h"

#include <stdlib.h>

#include "common/base/json.h"
#include "event_target.h"
#include "fold_items.h"

static const struct event_type *type_named(const char *name)
{
	return event_type_find(span_of(name));
}

struct response_event narrator_event_of(
    const struct told_item *told, const struct event_type *type, char number[DECIMAL_SIZE])
{
	struct response_event event = {.type = type};

	event.members[EVENT_ITEM_ID] = buf_span(&told->id);
	event.members[EVENT_OUTPUT_INDEX] =
	    (struct span){number, decimal_write(number, told->index)};
	return event;
}

static enum narrated_kind kind_of(struct span type)
{
	static const char *const types[] = {
	    [NARRATED_MESSAGE] = "message",
	    [NARRATED_REASONING] = "reasoning",
	    [NARRATED_FUNCTION_CALL] = "function_call",
	    [NARRATED_CUSTOM_CALL] = "custom_tool_call",
	    [NARRATED_MCP_CALL] = "mcp_call",
	    [NARRATED_CODE_CALL] = "code_interpreter_call",
	};
	int kind = 0;

	while (kind < NARRATED_OTHER && !json_string_is(type, types[kind]))
		kind++;
	return (enum narrated_kind)kind;
}

static bool is_call(enum narrated_kind kind)
{
	return kind == NARRATED_FUNCTION_CALL || kind == NARRATED_CUSTOM_CALL;
}

/* Whether the item has what it must have at its beginning, because later events do not bring it. */
static bool is_ready(struct span raw)
{
	struct span type = json_get(raw, "type");

	if (is_call(kind_of(type)))
		return json_is_text(json_get(raw, "name")) &&
		       json_is_text(json_get(raw, "call_id"));
	return json_type(type) == JSON_STRING;
}

/* Appends what clients are to see as id or call_id: this, or another one if they have seen that. */
static void show(struct narrator *narrator, struct buf *out, struct span id, enum shown_as as)
{
	struct buf made = {0};

	if (!shown_ids_show(&narrator->shown, id, as) && !narrator->is_silent) {
		shown_ids_make(&narrator->shown, &made, id);
		id = buf_span(&made);
		shown_ids_show(&narrator->shown, id, as);
	}
	buf_putc(out, '"');
	buf_append_span(out, id);
	buf_putc(out, '"');
	buf_free(&made);
}

static void show_id(
    struct narrator *narrator, const struct item *item, struct told_item *told, struct span type)
{
	struct buf made = {0};
	struct span id = {item->id, item->id_len};

	if (item->id == NULL) {
		target_make_id(&made, narrator->fold, target_id_prefix(type), told->index);
		id = json_inside(buf_span(&made));
	}
	show(narrator, &told->id, id, SHOWN_AS_ID);
	buf_free(&made);
}

static void show_call_id(struct narrator *narrator, struct told_item *told, struct span call_id)
{
	struct buf text = {0};

	if (is_call(told->kind)) {
		json_canonical(&text, json_is_text(call_id) ? call_id : buf_span(&told->id));
		show(narrator, &told->call_id, json_inside(buf_span(&text)), SHOWN_AS_CALL_ID);
	} else if (call_id.len > 0) {
		json_canonical(&told->call_id, call_id);
		if (json_is_text(call_id))
			shown_ids_show(&narrator->shown, json_inside(buf_span(&told->call_id)),
			    SHOWN_AS_REFERENCE);
	}
	buf_free(&text);
}

bool told_item_has_parts(const struct told_item *told, enum item_member list)
{
	if (list == ITEM_SUMMARY)
		return told->kind == NARRATED_REASONING;
	return list == ITEM_CONTENT &&
	       (told->kind == NARRATED_MESSAGE || told->kind == NARRATED_REASONING);
}

/* The value of a member at the item's beginning, before anything has come. */
static struct span first_value(const struct told_item *told, struct span name, struct span value)
{
	if (told->kind == NARRATED_OTHER)
		return value;
	if (json_raw_is(name, "status"))
		return SPAN("\"in_progress\"");
	if (told->growth != NULL && json_raw_is(name, item_kinds[told->growth->member].name))
		return SPAN("\"\"");
	return told_item_has_parts(told, item_kind_find(name, ITEM_MEMBERS)) ? SPAN("[]") : value;
}

static struct span last_value(struct span name, struct span value, const char *status)
{
	return status != NULL && json_raw_is(name, "status") ? span_of(status) : value;
}

/* What an item that grows must have. */
static const char *wanted_member(const struct told_item *told)
{
	if (told->kind == NARRATED_MESSAGE)
		return "content";
	if (told->kind == NARRATED_REASONING)
		return "summary";
	return told->growth != NULL ? item_kinds[told->growth->member].name : NULL;
}

/*
 * Appends the item as clients see it: at its beginning, or in its last state, with another status
 * unless that is NULL. They never see another id, call_id or type of it: SDKs refuse that.
 */
static void write_item(struct buf *out, const struct told_item *told, struct span raw,
    bool is_beginning, const char *status)
{
	struct json_scan scan = json_open(raw, JSON_ACCEPT_BAD_UTF8);
	const char *wanted = is_beginning || told->is_other ? wanted_member(told) : NULL;
	struct span name, value;

	buf_puts(out, "{\"id\":");
	buf_append_span(out, buf_span(&told->id));
	if (told->call_id.len > 0) {
		buf_puts(out, ",\"call_id\":");
		buf_append_span(out, buf_span(&told->call_id));
	}
	while (json_member(&scan, &name, &value)) {
		if (json_raw_is(name, "id") ||
		    (json_raw_is(name, "call_id") && (told->call_id.len > 0 || told->begun)))
			continue;
		if (told->is_other && json_raw_is(name, "type"))
			value = buf_span(&told->type);
		if (told->is_other && wanted != NULL && json_raw_is(name, wanted))
			continue;
		json_write_name(out, name);
		json_canonical(out, is_beginning ? first_value(told, name, value)
						 : last_value(name, value, status));
		if (wanted != NULL && json_raw_is(name, wanted))
			wanted = NULL;
	}
	if (told->is_other && json_get(raw, "type").len == 0) {
		json_write_name(out, SPAN("type"));
		buf_append_span(out, buf_span(&told->type));
	}
	if (wanted != NULL) {
		json_write_name(out, span_of(wanted));
		buf_puts(out, told->growth != NULL ? "\"\"" : "[]");
	}
	buf_putc(out, '}');
}

/* An event about a whole item has it in the place of its id. */
static void write_whole(struct narrator *narrator, const struct told_item *told, const char *type,
    struct span raw, const char *status)
{
	const struct event_type *event_type = type_named(type);
	char number[DECIMAL_SIZE];
	struct response_event event = narrator_event_of(told, event_type, number);

	buf_clear(&narrator->whole);
	write_item(&narrator->whole, told, raw, !told->begun, status);
	event.members[EVENT_ITEM_ID] = (struct span){0};
	event.members[EVENT_ITEM] = buf_span(&narrator->whole);
	narrator_write(narrator, &event);
}

/* The object has the ids that clients see, or they would not find the item in it. */
static struct span keep_ids(
    struct narrator *narrator, struct item *item, const struct told_item *told, struct span raw)
{
	struct span id = item->id != NULL ? json_get(raw, "id") : buf_span(&told->id);
	struct span call_id = {0};

	if (json_is_text(buf_span(&told->call_id)))
		call_id = buf_span(&told->call_id);
	fold_name_item(narrator->fold, item, id, call_id);
	return document_value(&narrator->fold->doc, &item->node);
}

static void begin_item(
    struct narrator *narrator, struct item *item, struct told_item *told, struct span raw)
{
	struct span type = json_get(raw, "type");

	told->kind = kind_of(type);
	told->growth = growth_of(told->kind, ITEM_MEMBERS, (struct span){0});
	if (told->growth != NULL)
		told->delta = type_named(told->growth->delta);
	told->index = narrator->is_silent ? item->index : narrator->next_index;
	if (narrator->next_index <= told->index)
		narrator->next_index = told->index + 1;
	if (json_type(type) == JSON_STRING)
		json_canonical(&told->type, type);
	show_id(narrator, item, told, type);
	show_call_id(narrator, told, json_get(raw, "call_id"));
	raw = keep_ids(narrator, item, told, raw);
	write_whole(narrator, told, "response.output_item.added", raw, NULL);
	told->begun = true;
}

static const enum item_member lists[] = {ITEM_SUMMARY, ITEM_CONTENT};

static void tell_inside(struct narrator *narrator, struct item *item, struct told_item *told)
{
	size_t count;

	if (told->growth != NULL)
		narrator_tell_own(narrator, item, told, false, false);
	for (int i = 0; i < 2; i++) {
		if (!told_item_has_parts(told, lists[i]))
			continue;
		count = item_parts(item, lists[i])->count;
		narrator_drop_parts(told, lists[i], count);
		if (count > 0)
			narrator_tell_parts(narrator, item, lists[i], 0, count - 1, false);
	}
}

void narrator_tell_item(struct narrator *narrator, struct item *item, bool is_last)
{
	struct told_item *told = narrator_known(narrator, item);
	struct span raw = document_value(&narrator->fold->doc, &item->node);
	bool ends = is_last || item->done;

	if (told->done)
		return;
	item->put = false;
	if (!told->begun) {
		if (!ends && !narrator->is_silent && !is_ready(raw))
			return;
		begin_item(narrator, item, told, raw);
	} else {
		told->is_other = !span_eq(json_get(raw, "type"), buf_span(&told->type));
	}
	if (!told->is_other)
		tell_inside(narrator, item, told);
	if (ends)
		narrator_end_item(narrator, item, NULL);
}

static struct span own_value(
    const struct narrator *narrator, const struct item *item, const struct told_item *told)
{
	const struct grown *grown = &item->members[told->growth->member];
	struct span value = {0};

	if (grown->present)
		value = document_value(&narrator->fold->doc, &grown->node);
	return json_type(value) == JSON_STRING ? value : SPAN("\"\"");
}

static void end_own(struct narrator *narrator, const struct item *item, struct told_item *told)
{
	const struct event_type *type = type_named(told->growth->done);
	char number[DECIMAL_SIZE];
	struct response_event event = narrator_event_of(told, type, number);
	struct span raw;

	told->value_done = true;
	event.members[told->growth->value] = own_value(narrator, item, told);
	if (told->kind == NARRATED_FUNCTION_CALL) {
		raw = document_value(&narrator->fold->doc, &item->node);
		buf_clear(&narrator->extra);
		json_canonical(&narrator->extra, json_get(raw, "name"));
		event.members[EVENT_NAME] = buf_span(&narrator->extra);
	}
	narrator_write(narrator, &event);
}

void narrator_tell_own(struct narrator *narrator, const struct item *item, struct told_item *told,
    bool has_grown, bool is_done)
{
	char number[DECIMAL_SIZE];
	struct response_event event;
	struct span piece, none = {0};

	if (told->value_done)
		return;
	piece =
	    told_value_more(&told->value, json_inside(own_value(narrator, item, told)), has_grown);
	if (piece.len > 0) {
		event = narrator_event_of(told, told->delta, number);
		narrator_write_delta(narrator, &event, piece, none, false);
	}
	if (is_done)
		end_own(narrator, item, told);
}

static void end_inside(struct narrator *narrator, struct item *item, struct told_item *told)
{
	/* Where no code was ever said, null is not an empty one. */
	bool is_optional = told->kind == NARRATED_MCP_CALL || told->kind == NARRATED_CODE_CALL;

	if (told->growth != NULL && !told->value_done &&
	    (!is_optional || told->value.bytes > 0 ||
		json_inside(own_value(narrator, item, told)).len > 0))
		end_own(narrator, item, told);
	for (int i = 0; i < 2; i++)
		for (size_t at = 0; at < told_list_of(told, lists[i])->count; at++)
			narrator_end_part(narrator, item, lists[i], at, true);
}

void narrator_end_item(struct narrator *narrator, struct item *item, const char *status)
{
	struct told_item *told = narrator_known(narrator, item);

	if (!told->is_other)
		end_inside(narrator, item, told);
	write_whole(narrator, told, "response.output_item.done",
	    document_value(&narrator->fold->doc, &item->node), status);
	told->done = true;
	free(told->content.parts);
	free(told->summary.parts);
	told->content = told->summary = (struct told_list){0};
}
