#include "fold_items.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "fold_lifecycle.h"
#include "fold_warning.h"
#include "item_keep.h"
#include "json.h"

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
	{"{\"type\":\"output_text\",\"text\":\"\"}", 32}},
    [OPENS_REFUSAL] = {"message", ITEM_IS_MESSAGE, "msg", false, false, MESSAGE,
	{"{\"type\":\"refusal\",\"refusal\":\"\"}", 31}},
    [OPENS_REASONING] = {"reasoning", ITEM_IS_REASONING, "rs", false, false, THOUGHTS,
	{"{\"type\":\"reasoning_text\",\"text\":\"\"}", 35}},
    [OPENS_SUMMARY] = {"reasoning", ITEM_IS_REASONING, "rs", false, false, THOUGHTS,
	{"{\"type\":\"summary_text\",\"text\":\"\"}", 33}},
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
	{"\"\"", 2}},
    [OPENS_SHELL_OUTPUT] = {"shell_call_output", ITEM_IS_OTHER, "sho", true, false,
	RUNNING ",\"output\":[]", {"{\"stdout\":\"\",\"stderr\":\"\"}", 25}},
    [OPENS_PATCH_CALL] = {"apply_patch_call", ITEM_IS_OTHER, "apc", true, false,
	RUNNING ",\"operation\":{\"type\":\"update_file\",\"path\":\"\",\"diff\":\"\"}", {0}},
};

/* What an event is about. */
struct target {
	struct item *item;      /* NULL: it has to be opened */
	long long output_index; /* where, then */
	size_t part;            /* the index of the part; the count of them: it has to be opened */
};

static const char *type_of(struct span value)
{
	return json_type_name(json_type(value));
}

static const char *type_name(const struct event *event)
{
	return event->type->name.p;
}

/* Checks the type of the value that the event carries. */
static enum fold_result expect(struct fold *fold, const struct event *event, enum json_type type)
{
	struct span value = event->members[event->type->value];

	if (json_type(value) == type)
		return FOLD_CHANGED;
	return fold_skip(fold, "%s: %s is %s, expected %s", type_name(event),
	    event_member_name(event->type->value), type_of(value), json_type_name(type));
}

/* Reads an index that is below limit; *index keeps its value if the event has none. */
static enum fold_result event_index(struct fold *fold, const struct event *event,
    enum event_member member, long long limit, long long *index)
{
	struct span value = event->members[member];

	if (!json_is_given(value))
		return FOLD_CHANGED;
	if (!json_integer(value, index))
		return fold_skip(fold, "%s: %s is %.*s, expected an integer", type_name(event),
		    event_member_name(member), fold_quoted(value), value.p);
	if (*index < 0 || *index >= limit)
		return fold_skip(fold, "%s: %s %lld is out of range, expected 0 to %lld",
		    type_name(event), event_member_name(member), *index, limit - 1);
	return FOLD_CHANGED;
}

/* What to open for the event. A whole part says so itself. */
static enum opening opening_of(const struct event *event)
{
	struct span type;

	if (event->type->value != EVENT_PART || event->type->member != ITEM_CONTENT)
		return event->type->opens;
	type = json_get(event->members[EVENT_PART], "type");
	return json_string_is(type, "reasoning_text") ? OPENS_REASONING : OPENS_TEXT;
}

/* Whether an item that only its index names can be the one that the event is about. */
static bool suits(const struct event *event, const struct item *item)
{
	bool is_content_part =
	    event->type->value == EVENT_PART && event->type->member == ITEM_CONTENT;

	if (item->nature == ITEM_OF_ANY_TYPE)
		return true;
	if (is_content_part)
		return item->nature != ITEM_IS_OTHER;
	return item->nature == openings[event->type->opens].nature;
}

static enum fold_result unknown_item(struct fold *fold, const struct event *event, long long index)
{
	struct span id = event->members[EVENT_ITEM_ID];

	if (index >= 0)
		return fold_skip(fold,
		    "%s: there is no such item, and its output_index %lld is not the next one, "
		    "expected %lld",
		    type_name(event), index, output_next_index(&fold->output) - fold->base);
	if (json_type(id) != JSON_STRING)
		return fold_skip(
		    fold, "%s: item_id is %s, expected a string", type_name(event), type_of(id));
	return fold_skip(
	    fold, "%s: no item has the id %.*s", type_name(event), fold_quoted(id), id.p);
}

/* A bad index says that the event is bad, also where the id says which item it means. */
static enum fold_result find_item(
    struct fold *fold, const struct event *event, struct target *target)
{
	struct span id = event->members[EVENT_ITEM_ID];
	struct item *item;
	long long index = -1;

	if (event_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index) == FOLD_SKIPPED)
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
static enum fold_result find_part(
    struct fold *fold, const struct event *event, struct target *target)
{
	enum item_member list = event->type->member;
	size_t count = target->item != NULL ? item_parts(target->item, list)->count : 0;
	long long index = target->part < count ? (long long)target->part : (long long)count;

	if (event_index(fold, event, index_member(list), (long long)count + 1, &index) ==
	    FOLD_SKIPPED)
		return FOLD_SKIPPED;
	target->part = (size_t)index;
	return FOLD_CHANGED;
}

/* Writes an id for an item that came without one. */
static void make_id(struct buf *out, const struct fold *fold, const char *prefix, long long index)
{
	struct span own = json_inside(json_get(buf_span(&fold->doc.text), "id"));

	buf_printf(out, "\"%s_%.*s_%lld\"", prefix, (int)own.len, own.p, index);
}

static void write_opened_item(struct buf *out, const struct fold *fold, const struct event *event,
    enum opening opening, long long index)
{
	struct span id = event->members[EVENT_ITEM_ID], name = event->members[EVENT_NAME];
	struct buf made = {0};

	if (json_type(id) != JSON_STRING) {
		make_id(&made, fold, openings[opening].prefix, index);
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

static enum fold_result too_many_items(struct fold *fold, const struct event *event)
{
	return fold_skip(
	    fold, "%s: there are %d items already", type_name(event), OUTPUT_ITEMS_MAX);
}

static enum fold_result open_item(
    struct fold *fold, const struct event *event, struct target *target)
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
	return target->item != NULL ? FOLD_CHANGED : too_many_items(fold, event);
}

static enum fold_result no_place_for_part(struct fold *fold, const struct event *event)
{
	return fold_skip(fold, "%s: the item's %s is not an array, or has too many parts",
	    type_name(event), item_kinds[event->type->member].name);
}

static struct part *part_at(const struct event *event, const struct target *target)
{
	struct part_list *list = item_parts(target->item, event->type->member);

	return target->part < list->count ? list->parts[target->part] : NULL;
}

/* Puts a whole part in its place, with what it lacks of the one that is there. */
static struct part *put_part(struct fold *fold, const struct event *event,
    const struct target *target, struct span raw, enum keeping keeping)
{
	struct part_layout layout = {.list = event->type->member};
	struct part *part = part_at(event, target);
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
    struct fold *fold, const struct event *event, const struct target *target)
{
	struct part *part;

	if (part_at(event, target) != NULL)
		return FOLD_CHANGED;
	part = put_part(fold, event, target, openings[event->type->opens].part, KEEP_NOTHING);
	if (part == NULL)
		return no_place_for_part(fold, event);
	part->announced = false;
	return FOLD_CHANGED;
}

static const char *form_name(enum member_form form)
{
	return form == FORM_LIST ? "an array" : "a string";
}

static enum fold_result not_growing(struct fold *fold, const struct event *event)
{
	enum part_member part = event->type->part;
	const struct member_kind *kind;

	if (part == PART_SELF)
		return fold_skip(fold, "%s: the element of the item's %s is not a string",
		    type_name(event), item_kinds[event->type->member].name);
	kind = part == PART_NONE ? &item_kinds[event->type->member] : &part_kinds[part];
	return fold_skip(fold, "%s: the %s's %s is not %s", type_name(event),
	    part == PART_NONE ? "item" : "part", kind->name, form_name(kind->form));
}

/* Finds the item that the event is about, and the part; opens what was never announced. */
static enum fold_result find_target(
    struct fold *fold, const struct event *event, struct target *target)
{
	bool of_part = event->type->part != PART_NONE;

	if (find_item(fold, event, target) == FOLD_SKIPPED ||
	    (of_part && find_part(fold, event, target) == FOLD_SKIPPED) ||
	    open_item(fold, event, target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	return of_part ? open_part(fold, event, target) : FOLD_CHANGED;
}

static struct grown *grown_of(
    struct fold *fold, const struct event *event, const struct target *target)
{
	if (event->type->part == PART_NONE)
		return output_item_grown(&fold->output, target->item, event->type->member);
	return output_part_grown(&fold->output, part_at(event, target), event->type->part);
}

/* Finds the string or array that the event lets grow. */
static enum fold_result find_grown(
    struct fold *fold, const struct event *event, struct target *target, struct grown **out)
{
	if (find_target(fold, event, target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	*out = grown_of(fold, event, target);
	return *out != NULL ? FOLD_CHANGED : not_growing(fold, event);
}

/* The provider goes on after what may have been the end: an error is not yet. */
static enum fold_result output_changed(struct fold *fold)
{
	fold->output_seen = true;
	if (!fold->life_ended)
		fold->settled = false;
	return FOLD_CHANGED;
}

static bool has_logprobs(const struct event *event)
{
	struct span logprobs = event->members[EVENT_LOGPROBS];

	return event->type->member == ITEM_CONTENT && event->type->part == PART_TEXT &&
	       json_type(logprobs) == JSON_ARRAY && logprobs.len > 2;
}

/* The log probabilities of the tokens that have just come. */
static void append_logprobs(
    struct fold *fold, const struct event *event, const struct target *target)
{
	struct json_scan scan = json_open(event->members[EVENT_LOGPROBS], JSON_ACCEPT_BAD_UTF8);
	struct grown *list;
	struct span element;

	list = output_part_grown(&fold->output, part_at(event, target), PART_LOGPROBS);
	while (list != NULL && json_element(&scan, &element))
		output_append_element(&fold->output, list, element);
}

enum fold_result delta_came(struct fold *fold, const struct event *event)
{
	struct target target = {0};
	struct grown *grown;

	if (expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_append_text(&fold->output, grown, event->members[event->type->value]);
	if (has_logprobs(event))
		append_logprobs(fold, event, &target);
	fold->text_seen = true;
	return output_changed(fold);
}

static void set_logprobs(struct fold *fold, const struct event *event, const struct target *target)
{
	struct grown *list =
	    output_part_grown(&fold->output, part_at(event, target), PART_LOGPROBS);

	if (list != NULL)
		output_set_value(&fold->output, list, event->members[EVENT_LOGPROBS]);
}

enum fold_result value_done(struct fold *fold, const struct event *event)
{
	struct target target = {0};
	struct grown *grown;

	if (expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_set_value(&fold->output, grown, event->members[event->type->value]);
	if (has_logprobs(event))
		set_logprobs(fold, event, &target);
	return output_changed(fold);
}

enum fold_result annotation_added(struct fold *fold, const struct event *event)
{
	struct target target = {0};
	struct grown *grown;

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	output_append_element(&fold->output, grown, event->members[event->type->value]);
	return output_changed(fold);
}

enum fold_result command_added(struct fold *fold, const struct event *event)
{
	struct span command = event->members[event->type->value];
	struct target target = {0};
	struct grown *grown;

	if (expect(fold, event, JSON_STRING) == FOLD_SKIPPED ||
	    find_grown(fold, event, &target, &grown) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (json_inside(command).len != 0)
		output_set_value(&fold->output, grown, command);
	return output_changed(fold);
}

static const enum part_member streams[] = {PART_STDOUT, PART_STDERR};

/* What the event brings for one of the two streams; empty if it is none. */
static struct span stream_piece(const struct event *event, enum part_member stream)
{
	struct span text = json_get(event->members[event->type->value], part_kinds[stream].name);

	return json_type(text) == JSON_STRING ? text : (struct span){0};
}

enum fold_result streams_came(struct fold *fold, const struct event *event)
{
	struct target target = {0};
	struct part *part;
	int i;

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    find_target(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	part = part_at(event, &target);
	for (i = 0; i < 2; i++)
		if (stream_piece(event, streams[i]).len != 0 &&
		    !output_part_can_grow(&fold->output, part, streams[i]))
			return not_growing(fold, event);
	for (i = 0; i < 2; i++) {
		struct span text = stream_piece(event, streams[i]);

		if (text.len != 0)
			output_append_text(&fold->output,
			    output_part_grown(&fold->output, part, streams[i]), text);
	}
	fold->text_seen = true;
	return output_changed(fold);
}

static enum fold_result whole_part_came(
    struct fold *fold, const struct event *event, struct target *target, enum keeping keeping)
{
	if (open_item(fold, event, target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (put_part(fold, event, target, event->members[EVENT_PART], keeping) == NULL)
		return no_place_for_part(fold, event);
	return output_changed(fold);
}

/* Replaces the part at its index, or comes behind the last one. */
enum fold_result part_added(struct fold *fold, const struct event *event)
{
	struct target target = {.part = SIZE_MAX};
	struct part *part;

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    find_item(fold, event, &target) == FOLD_SKIPPED ||
	    find_part(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	part = target.item != NULL ? part_at(event, &target) : NULL;
	return whole_part_came(
	    fold, event, &target, part != NULL && !part->announced ? KEEP_EMPTY : KEEP_NOTHING);
}

enum fold_result part_done(struct fold *fold, const struct event *event)
{
	struct target target = {0};

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    find_item(fold, event, &target) == FOLD_SKIPPED ||
	    find_part(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	return whole_part_came(fold, event, &target, KEEP_ABSENT);
}

/* Checks that the elements are objects. */
static enum fold_result expect_objects(struct fold *fold, const struct event *event)
{
	struct json_scan scan = json_open(event->members[event->type->value], JSON_ACCEPT_BAD_UTF8);
	struct span element;

	while (json_element(&scan, &element))
		if (json_type(element) != JSON_OBJECT)
			return fold_skip(fold, "%s: an element of %s is %s, expected an object",
			    type_name(event), event_member_name(event->type->value),
			    type_of(element));
	return FOLD_CHANGED;
}

enum fold_result outputs_done(struct fold *fold, const struct event *event)
{
	struct json_scan scan = json_open(event->members[event->type->value], JSON_ACCEPT_BAD_UTF8);
	struct target target = {0};
	struct span element;

	if (expect(fold, event, JSON_ARRAY) == FOLD_SKIPPED ||
	    expect_objects(fold, event) == FOLD_SKIPPED ||
	    find_item(fold, event, &target) == FOLD_SKIPPED ||
	    find_part(fold, event, &target) == FOLD_SKIPPED ||
	    open_item(fold, event, &target) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (output_item_grown(&fold->output, target.item, event->type->member) == NULL)
		return no_place_for_part(fold, event);
	for (; json_element(&scan, &element); target.part++)
		if (put_part(fold, event, &target, element, KEEP_ABSENT) == NULL)
			return no_place_for_part(fold, event);
	return output_changed(fold);
}

/* Appends the item with that id, raw JSON, in the place of its own. */
static void write_with_id(struct buf *out, struct span item, struct span id)
{
	struct json_scan scan = json_open(item, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	buf_puts(out, "{\"id\":");
	buf_append_span(out, id);
	while (json_member(&scan, &name, &value)) {
		if (json_raw_is(name, "id"))
			continue;
		json_write_name(out, name);
		buf_append_span(out, value);
	}
	buf_putc(out, '}');
}

static const char *made_prefix(struct span type)
{
	enum opening opening;

	for (opening = OPENS_TEXT; opening < OPENINGS; opening++)
		if (json_string_is(type, openings[opening].type))
			return openings[opening].prefix;
	return "item";
}

/* Puts in an item that is new, with an id if it has none. */
static enum fold_result add_item(struct fold *fold, const struct event *event, bool growing)
{
	struct span raw = event->members[EVENT_ITEM];
	long long index = output_next_index(&fold->output) - fold->base;
	struct item_layout layout = {0};
	struct buf id = {0}, named = {0};
	struct item *item;

	event_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index);
	index += fold->base;
	if (!json_is_given(json_get(raw, "id"))) {
		make_id(&id, fold, made_prefix(json_get(raw, "type")), index);
		write_with_id(&named, raw, buf_span(&id));
		raw = buf_span(&named);
	}
	item_layout_write(&layout, raw, growing);
	item = output_add(&fold->output, &layout, index);
	if (item != NULL)
		item->done = !growing;
	item_layout_free(&layout);
	buf_free(&id);
	buf_free(&named);
	return item != NULL ? output_changed(fold) : too_many_items(fold, event);
}

/* Parts that an announcement does not name have still only been made. */
static void mark_kept_parts(struct item *item, const size_t named[ITEM_LISTS])
{
	size_t i, part;

	for (i = 0; i < ITEM_LISTS; i++)
		for (part = named[i]; part < item->lists[i].count; part++)
			item->lists[i].parts[part]->announced = false;
}

void fold_put_item(
    struct fold *fold, struct item *item, struct span raw, bool growing, enum keeping keeping)
{
	struct item_layout layout = {0};
	size_t named[ITEM_LISTS];
	struct buf kept = {0};

	item_layout_write(&layout, raw, growing);
	memcpy(named, layout.counts, sizeof(named));
	if (item_may_lack(&fold->output, item, &layout, keeping)) {
		struct span old = document_value(&fold->doc, &item->node);

		fold->output.steps += old.len;
		item_keep(&kept, old, raw, keeping);
		item_layout_free(&layout);
		item_layout_write(&layout, buf_span(&kept), growing);
	}
	output_replace(&fold->output, item, &layout);
	if (keeping == KEEP_EMPTY)
		mark_kept_parts(item, named);
	item_layout_free(&layout);
	buf_free(&kept);
}

/* Checks what an event with a whole item has to have, and finds the item of its id. */
static enum fold_result find_whole_item(
    struct fold *fold, const struct event *event, struct item **item)
{
	long long index = 0;
	struct span id;

	if (expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    event_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	id = json_get(event->members[EVENT_ITEM], "id");
	if (json_is_given(id) && json_type(id) != JSON_STRING)
		return fold_skip(fold, "%s: the item's id is %s, expected a string",
		    type_name(event), type_of(id));
	*item = output_find(&fold->output, id);
	return FOLD_CHANGED;
}

enum fold_result item_added(struct fold *fold, const struct event *event)
{
	struct item *item;

	if (find_whole_item(fold, event, &item) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (item == NULL) {
		if (fold->life_ended)
			fold_begin_life(fold);
		return add_item(fold, event, true);
	}
	fold_put_item(fold, item, event->members[EVENT_ITEM], true,
	    item->announced ? KEEP_NOTHING : KEEP_EMPTY);
	item->done = false;
	return output_changed(fold);
}

static bool same_text(struct span a, struct span b)
{
	struct buf x = {0}, y = {0};
	bool same;

	json_canonical(&x, a);
	json_canonical(&y, b);
	same = span_eq(buf_span(&x), buf_span(&y));
	buf_free(&x);
	buf_free(&y);
	return same;
}

/* Of two values of which one may be missing. */
static enum likeness likeness_of(struct span a, struct span b)
{
	if (json_type(a) != JSON_STRING || json_type(b) != JSON_STRING)
		return LIKE_MAYBE;
	return same_text(a, b) ? LIKE_CALL : LIKE_NOT;
}

enum likeness fold_likeness(struct fold *fold, const struct item *item, struct span raw)
{
	struct span old = document_value(&fold->doc, &item->node);

	fold->output.steps += old.len;
	if (likeness_of(json_get(old, "type"), json_get(raw, "type")) == LIKE_NOT)
		return LIKE_NOT;
	return likeness_of(json_get(old, "call_id"), json_get(raw, "call_id"));
}

/* The item that a final state belongs to whose id is unknown. */
static struct item *item_to_end(struct fold *fold, const struct event *event)
{
	struct span raw = event->members[EVENT_ITEM];
	long long index = -1;
	struct item *item;

	event_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index);
	if (index < 0)
		return NULL;
	item = output_at(&fold->output, fold->base + index);
	if (item == NULL || item->done || fold_likeness(fold, item, raw) == LIKE_NOT)
		return NULL;
	return item;
}

enum fold_result item_done(struct fold *fold, const struct event *event)
{
	struct item *item;
	struct buf named = {0}, id = {0};
	struct span raw = event->members[EVENT_ITEM];

	if (find_whole_item(fold, event, &item) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (item == NULL)
		item = item_to_end(fold, event);
	if (item == NULL) {
		if (fold->life_ended)
			fold_begin_life(fold);
		return add_item(fold, event, false);
	}
	if (item->id != NULL && !json_is_given(json_get(raw, "id"))) {
		buf_printf(&id, "\"%s\"", item->id);
		write_with_id(&named, raw, buf_span(&id));
		raw = buf_span(&named);
	}
	fold_put_item(fold, item, raw, false, KEEP_ABSENT);
	item->done = true;
	buf_free(&id);
	buf_free(&named);
	return output_changed(fold);
}
