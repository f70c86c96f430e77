#include "event_target.h"

#include <limits.h>

#include "fold_warning.h"
#include "shown_ids.h"

#define LITERAL(text)                                                                              \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
#define RUNNING  "\"status\":\"in_progress\""
#define MESSAGE  RUNNING ",\"role\":\"assistant\",\"content\":[]"
#define THOUGHTS "\"summary\":[]"

/* What is made where nothing was announced. */
static const struct {
	const char *type; /* of the item */
	enum item_nature nature;
	const char *prefix; /* of its id, if the event has none */
	bool is_call;       /* has a call_id; the item's id serves */
	bool is_named;
	const char *members; /* what else it has */
	struct span part;    /* empty if what grows is the item's own */
} openings[OPENINGS] = {
    [OPENS_TEXT] = {"message", ITEM_IS_MESSAGE, "msg", false, false, MESSAGE,
	LITERAL("{\"type\":\"output_text\",\"text\":\"\"}")},
    [OPENS_REFUSAL] = {"message", ITEM_IS_MESSAGE, "msg", false, false, MESSAGE,
	LITERAL("{\"type\":\"refusal\",\"refusal\":\"\"}")},
    [OPENS_REASONING] = {"reasoning", ITEM_IS_REASONING, "rs", false, false, THOUGHTS,
	LITERAL("{\"type\":\"reasoning_text\",\"text\":\"\"}")},
    [OPENS_SUMMARY] = {"reasoning", ITEM_IS_REASONING, "rs", false, false, THOUGHTS,
	LITERAL("{\"type\":\"summary_text\",\"text\":\"\"}")},
    [OPENS_FUNCTION_CALL] = {"function_call", ITEM_IS_OTHER, "fc", true, true,
	RUNNING ",\"arguments\":\"\"", {0}},
    [OPENS_CUSTOM_CALL] = {"custom_tool_call", ITEM_IS_OTHER, "ctc", true, true,
	RUNNING ",\"input\":\"\"", {0}},
    [OPENS_MCP_CALL] = {"mcp_call", ITEM_IS_OTHER, "mcp", false, true,
	RUNNING ",\"server_label\":\"\",\"arguments\":\"\"", {0}},
    [OPENS_CODE_CALL] = {"code_interpreter_call", ITEM_IS_OTHER, "ci", false, false,
	RUNNING ",\"container_id\":\"\",\"outputs\":null,\"code\":\"\"", {0}},
    [OPENS_SHELL_CALL] = {"shell_call", ITEM_IS_OTHER, "sh", true, false,
	RUNNING ",\"action\":{\"commands\":[],\"max_output_length\":null,\"timeout_ms\":null}",
	LITERAL("\"\"")},
    [OPENS_SHELL_OUTPUT] = {"shell_call_output", ITEM_IS_OTHER, "sho", true, false,
	RUNNING ",\"output\":[]", LITERAL("{\"stdout\":\"\",\"stderr\":\"\"}")},
    [OPENS_PATCH_CALL] = {"apply_patch_call", ITEM_IS_OTHER, "apc", true, false,
	RUNNING ",\"operation\":{\"type\":\"update_file\",\"path\":\"\",\"diff\":\"\"}", {0}},
};

static const char *type_of(struct span value)
{
	return json_type_name(json_type(value));
}

/* Checks the type of the value that the event carries. */
enum fold_result target_expect(
    struct fold *fold, const struct response_event *event, enum json_type type)
{
	struct span value = event->members[event->type->value];

	if (json_type(value) == type)
		return FOLD_CHANGED;
	return fold_skip(fold, "%s: %s is %s, expected %s", event_name(event),
	    event_member_name(event->type->value), type_of(value), json_type_name(type));
}

/* Reads an index that is below limit; *index keeps its value if the event has none. */
enum fold_result target_index(struct fold *fold, const struct response_event *event,
    enum event_member member, long long limit, long long *index)
{
	struct span value = event->members[member];

	if (!json_is_given(value))
		return FOLD_CHANGED;
	if (!json_integer(value, index))
		return fold_skip(fold, "%s: %s is %.*s, expected an integer", event_name(event),
		    event_member_name(member), fold_quoted(value), value.p);
	if (*index < 0 || *index >= limit)
		return fold_skip(fold, "%s: %s %lld is out of range, expected 0 to %lld",
		    event_name(event), event_member_name(member), *index, limit - 1);
	return FOLD_CHANGED;
}

/* What to open for the event. A whole part says so itself. */
static enum opening opening_of(const struct response_event *event)
{
	struct span type;

	if (event->type->value != EVENT_PART || event->type->member != ITEM_CONTENT)
		return event->type->opens;
	type = json_get(event->members[EVENT_PART], "type");
	return json_string_is(type, "reasoning_text") ? OPENS_REASONING : OPENS_TEXT;
}

/* Whether an item that only its index names can be the one that the event is about. */
static bool suits(const struct response_event *event, const struct item *item)
{
	bool is_content_part =
	    event->type->value == EVENT_PART && event->type->member == ITEM_CONTENT;

	if (item->nature == ITEM_OF_ANY_TYPE)
		return true;
	if (is_content_part)
		return item->nature != ITEM_IS_OTHER;
	return item->nature == openings[event->type->opens].nature;
}

static enum fold_result unknown_item(
    struct fold *fold, const struct response_event *event, long long index)
{
	struct span id = event->members[EVENT_ITEM_ID];

	if (index >= 0)
		return fold_skip(fold,
		    "%s: there is no such item, and its output_index %lld is not the next one, "
		    "expected %lld",
		    event_name(event), index, output_next_index(&fold->output) - fold->base);
	if (json_type(id) != JSON_STRING)
		return fold_skip(
		    fold, "%s: item_id is %s, expected a string", event_name(event), type_of(id));
	return fold_skip(
	    fold, "%s: no item has the id %.*s", event_name(event), fold_quoted(id), id.p);
}

/* A bad index says that the event is bad, also where the id says which item it means. */
enum fold_result target_find_item(
    struct fold *fold, const struct response_event *event, struct target *target)
{
	struct span id = event->members[EVENT_ITEM_ID];
	struct item *item;
	long long index = -1;

	if (target_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (json_is_given(id) && json_type(id) != JSON_STRING)
		return unknown_item(fold, event, -1);
	item = output_find(&fold->output, id);
	if (item == NULL && index < 0)
		return unknown_item(fold, event, -1);
	target->output_index = fold->base + index;
	if (item == NULL) {
		item = output_at(&fold->output, target->output_index);
		if (item == NULL && target->output_index != output_next_index(&fold->output))
			return unknown_item(fold, event, index);
		if (item != NULL && !suits(event, item))
			item = NULL;
	}
	target->item = item;
	return FOLD_CHANGED;
}

static enum event_member index_member(enum item_member list)
{
	if (list == ITEM_SUMMARY)
		return EVENT_SUMMARY_INDEX;
	return list == ITEM_CONTENT ? EVENT_CONTENT_INDEX : EVENT_COMMAND_INDEX;
}

/* target->part says which part it is if the event does not. It may be one behind the last. */
enum fold_result target_find_part(
    struct fold *fold, const struct response_event *event, struct target *target)
{
	enum item_member list = event->type->member;
	size_t count = target->item != NULL ? item_parts(target->item, list)->count : 0;
	long long index = target->part < count ? (long long)target->part : (long long)count;

	if (target_index(fold, event, index_member(list), (long long)count + 1, &index) ==
	    FOLD_SKIPPED)
		return FOLD_SKIPPED;
	target->part = (size_t)index;
	return FOLD_CHANGED;
}

/* Writes an id for an item that came without one. */
void target_make_id(struct buf *out, const struct fold *fold, const char *prefix, long long index)
{
	const char *own = fold->doc.text.data + RESPONSE_ID_OFFSET;

	struct buf id = {0};

	buf_printf(&id, "%s_%.*s_%lld", prefix, RESPONSE_ID_LEN, own, index);
	buf_putc(out, '"');
	buf_append_span(out, fold->shown == NULL
				 ? buf_span(&id)
				 : shown_ids_rename(fold->shown, buf_span(&id), true));
	buf_putc(out, '"');
	buf_free(&id);
}

static void write_opened_item(struct buf *out, const struct fold *fold,
    const struct response_event *event, enum opening opening, long long index)
{
	struct span id = event->members[EVENT_ITEM_ID], name = event->members[EVENT_NAME];
	struct buf made = {0};

	if (json_type(id) != JSON_STRING) {
		target_make_id(&made, fold, openings[opening].prefix, index);
		id = buf_span(&made);
	}
	buf_puts(out, "{\"id\":");
	buf_append_span(out, id);
	buf_printf(out, ",\"type\":\"%s\"", openings[opening].type);
	if (openings[opening].is_call) {
		buf_puts(out, ",\"call_id\":");
		buf_append_span(out, id);
	}
	if (openings[opening].is_named) {
		buf_puts(out, ",\"name\":");
		buf_append_span(out, json_type(name) == JSON_STRING ? name : SPAN("\"\""));
	}
	buf_printf(out, ",%s}", openings[opening].members);
	buf_free(&made);
}

enum fold_result target_too_many_items(struct fold *fold, const struct response_event *event)
{
	return fold_skip(
	    fold, "%s: there are %d items already", event_name(event), OUTPUT_ITEMS_MAX);
}

enum fold_result target_open_item(
    struct fold *fold, const struct response_event *event, struct target *target)
{
	struct item_layout layout = {0};
	struct buf raw = {0};

	if (target->item != NULL)
		return FOLD_CHANGED;
	write_opened_item(&raw, fold, event, opening_of(event), target->output_index);
	item_layout_write(&layout, buf_span(&raw), true);
	target->item = output_add(&fold->output, &layout, target->output_index);
	if (target->item != NULL)
		target->item->announced = false;
	item_layout_free(&layout);
	buf_free(&raw);
	return target->item != NULL ? FOLD_CHANGED : target_too_many_items(fold, event);
}

enum fold_result target_no_place_for_part(struct fold *fold, const struct response_event *event)
{
	return fold_skip(fold, "%s: the item's %s is not an array, or has too many parts",
	    event_name(event), item_kinds[event->type->member].name);
}

struct part *target_part(const struct response_event *event, const struct target *target)
{
	struct part_list *list = item_parts(target->item, event->type->member);

	return target->part < list->count ? list->parts[target->part] : NULL;
}

/* Puts a whole part in its place, with what it lacks of the one that is there. */
struct part *target_put_part(struct fold *fold, const struct response_event *event,
    const struct target *target, struct span raw, enum keeping keeping)
{
	struct part_layout layout = {.list = event->type->member};
	struct part *part = target_part(event, target);
	struct buf text = {0}, kept = {0};

	part_layout_write(&layout, &text, raw, true);
	if (part != NULL && part_may_lack(&fold->output, part, &layout, &text, keeping)) {
		struct span old = document_value(&fold->doc, &part->self.node);

		fold->output.steps += old.len;
		part_keep(&kept, old, raw, keeping);
		buf_clear(&text);
		layout = (struct part_layout){.list = event->type->member};
		part_layout_write(&layout, &text, buf_span(&kept), true);
	}
	part = output_put_part(&fold->output, target->item, target->part, &layout, buf_span(&text));
	buf_free(&text);
	buf_free(&kept);
	return part;
}

static enum fold_result open_part(
    struct fold *fold, const struct response_event *event, const struct target *target)
{
	struct part *part;

	if (target_part(event, target) != NULL)
		return FOLD_CHANGED;
	part =
	    target_put_part(fold, event, target, openings[event->type->opens].part, KEEP_NOTHING);
	if (part == NULL)
		return target_no_place_for_part(fold, event);
	part->announced = false;
	return FOLD_CHANGED;
}

static const char *form_name(enum member_form form)
{
	return form == FORM_LIST ? "an array" : "a string";
}

enum fold_result target_not_growing(struct fold *fold, const struct response_event *event)
{
	enum part_member part = event->type->part;
	const struct member_kind *kind;

	if (part == PART_SELF)
		return fold_skip(fold, "%s: the element of the item's %s is not a string",
		    event_name(event), item_kinds[event->type->member].name);
	kind = part == PART_NONE ? &item_kinds[event->type->member] : &part_kinds[part];
	return fold_skip(fold, "%s: the %s's %s is not %s", event_name(event),
	    part == PART_NONE ? "item" : "part", kind->name, form_name(kind->form));
}

/* Finds the item that the event is about, and the part; opens what was never announced. */
enum fold_result target_find(
    struct fold *fold, const struct response_event *event, struct target *target)
{
	bool of_part = event->type->part != PART_NONE;

	if (target_find_item(fold, event, target) == FOLD_SKIPPED ||
	    (of_part && target_find_part(fold, event, target) == FOLD_SKIPPED) ||
	    target_open_item(fold, event, target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	return of_part ? open_part(fold, event, target) : FOLD_CHANGED;
}

static struct grown *grown_of(
    struct fold *fold, const struct response_event *event, const struct target *target)
{
	if (event->type->part == PART_NONE)
		return output_item_grown(&fold->output, target->item, event->type->member);
	return output_part_grown(&fold->output, target_part(event, target), event->type->part);
}

/* Finds the string or array that the event lets grow. */
enum fold_result target_find_grown(struct fold *fold, const struct response_event *event,
    struct target *target, struct grown **out)
{
	if (target_find(fold, event, target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	*out = grown_of(fold, event, target);
	return *out != NULL ? FOLD_CHANGED : target_not_growing(fold, event);
}

const char *target_id_prefix(struct span type)
{
	enum opening opening;

	for (opening = OPENS_TEXT; opening < OPENINGS; opening++)
		if (json_string_is(type, openings[opening].type))
			return openings[opening].prefix;
	return "item";
}
