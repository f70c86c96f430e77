#include "item_layout.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "response.h"

const struct member_kind part_kinds[PART_MEMBERS] = {
    [PART_ANNOTATIONS] = {"annotations", FORM_LIST, ITEM_MEMBERS},
    [PART_LOGPROBS] = {"logprobs", FORM_LIST, ITEM_MEMBERS},
    [PART_REFUSAL] = {"refusal", FORM_TEXT, ITEM_MEMBERS},
    [PART_STDERR] = {"stderr", FORM_TEXT, ITEM_MEMBERS},
    [PART_STDOUT] = {"stdout", FORM_TEXT, ITEM_MEMBERS},
    [PART_TEXT] = {"text", FORM_TEXT, ITEM_MEMBERS},
};

const struct member_kind item_kinds[ITEM_MEMBERS] = {
    [ITEM_ACTION] = {"action", FORM_OBJECT, ITEM_MEMBERS},
    [ITEM_OPERATION] = {"operation", FORM_OBJECT, ITEM_MEMBERS},
    [ITEM_DIFF] = {"diff", FORM_TEXT, ITEM_OPERATION},
    [ITEM_ARGUMENTS] = {"arguments", FORM_TEXT, ITEM_MEMBERS},
    [ITEM_CODE] = {"code", FORM_TEXT, ITEM_MEMBERS},
    [ITEM_INPUT] = {"input", FORM_TEXT, ITEM_MEMBERS},
    [ITEM_COMMANDS] = {"commands", FORM_LIST, ITEM_ACTION},
    [ITEM_SUMMARY] = {"summary", FORM_LIST, ITEM_MEMBERS},
    [ITEM_CONTENT] = {"content", FORM_LIST, ITEM_MEMBERS},
    [ITEM_OUTPUT] = {"output", FORM_LIST, ITEM_MEMBERS},
};

enum item_member item_kind_find(struct span name, enum item_member within)
{
	enum item_member m = 0;

	while (m < ITEM_MEMBERS &&
	       (item_kinds[m].within != within || !json_raw_is(name, item_kinds[m].name)))
		m++;
	return m;
}

enum part_member part_kind_find(struct span name)
{
	enum part_member m = 0;

	while (m < PART_MEMBERS && !json_raw_is(name, part_kinds[m].name))
		m++;
	return m;
}

static void write_place(struct buf *text, struct place *place, const char *name, struct span value)
{
	json_write_name(text, span_of(name));
	place->start = text->len;
	json_canonical(text, value);
	place->end = text->len;
}

/* What a part of a message must have, says the specification, also while it grows. */
static void complete_text_part(struct span values[PART_MEMBERS], struct span type)
{
	if (!json_string_is(type, "output_text"))
		return;
	if (!json_is_given(values[PART_ANNOTATIONS]))
		values[PART_ANNOTATIONS] = SPAN("[]");
	if (!json_is_given(values[PART_LOGPROBS]))
		values[PART_LOGPROBS] = SPAN("[]");
}

static void write_part_members(
    struct part_layout *layout, struct buf *text, struct span part, bool growing)
{
	struct json_scan scan = json_open(part, JSON_ACCEPT_BAD_UTF8);
	struct span values[PART_MEMBERS] = {{0}}, type = {0}, name, value;
	enum part_member m;

	while (json_member(&scan, &name, &value)) {
		m = part_kind_find(name);
		if (m != PART_MEMBERS) {
			values[m] = value;
			continue;
		}
		if (json_raw_is(name, "type"))
			type = value;
		json_write_name(text, name);
		json_canonical(text, value);
	}
	if (growing && layout->list == ITEM_CONTENT)
		complete_text_part(values, type);
	for (m = 0; m < PART_MEMBERS; m++)
		if (values[m].len != 0)
			write_place(text, &layout->members[m], part_kinds[m].name, values[m]);
}

void part_layout_write(struct part_layout *layout, struct buf *text, struct span part, bool growing)
{
	layout->place.start = text->len;
	if (json_type(part) == JSON_OBJECT) {
		buf_putc(text, '{');
		write_part_members(layout, text, part, growing);
		buf_putc(text, '}');
	} else {
		json_canonical(text, part);
	}
	layout->place.end = text->len;
}

static struct part_layout *new_part(struct item_layout *layout, enum item_member list)
{
	struct part_layout *part;

	layout->parts = xrealloc(layout->parts, (layout->part_count + 1) * sizeof(*layout->parts));
	part = &layout->parts[layout->part_count++];
	*part = (struct part_layout){.list = list};
	layout->counts[list - ITEM_FIRST_LIST]++;
	return part;
}

static void write_list(
    struct item_layout *layout, enum item_member list, struct span array, bool growing)
{
	struct json_scan scan = json_open(array, JSON_ACCEPT_BAD_UTF8);
	struct buf *text = &layout->text;
	struct span value;

	buf_putc(text, '[');
	while (json_element(&scan, &value)) {
		if (text->data[text->len - 1] != '[')
			buf_putc(text, ',');
		if (layout->part_count == ITEM_PARTS_MAX) {
			json_canonical(text, value);
			layout->parts_left_out = true;
			continue;
		}
		part_layout_write(new_part(layout, list), text, value, growing);
	}
	buf_putc(text, ']');
}

/* An item's status gets a slot, so that it can change without moving what follows. */
static void write_status(struct item_layout *layout, struct span value)
{
	struct buf *text = &layout->text;

	layout->status.start = text->len;
	json_canonical(text, value);
	while (text->len < layout->status.start + RESPONSE_STATUS_WIDTH)
		buf_putc(text, ' ');
	layout->status.end = text->len;
}

/* A member of the item itself that cannot grow. */
static void write_own_member(struct item_layout *layout, struct span name, struct span value)
{
	json_write_name(&layout->text, name);
	if (json_raw_is(name, "status")) {
		write_status(layout, value);
		return;
	}
	if (json_raw_is(name, "id"))
		layout->id = value;
	else if (json_raw_is(name, "type"))
		layout->type = value;
	else if (json_raw_is(name, "call_id"))
		layout->call_id = value;
	json_canonical(&layout->text, value);
}

/* Writes the members that cannot grow, and collects the values of those that can. */
static void write_fixed(struct item_layout *layout, struct span object, enum item_member within,
    struct span values[ITEM_MEMBERS])
{
	struct json_scan scan = json_open(object, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;
	enum item_member m;

	while (json_member(&scan, &name, &value)) {
		m = item_kind_find(name, within);
		if (m != ITEM_MEMBERS) {
			values[m] = value;
		} else if (within == ITEM_MEMBERS) {
			write_own_member(layout, name, value);
		} else {
			json_write_name(&layout->text, name);
			json_canonical(&layout->text, value);
		}
	}
}

static void write_members(
    struct item_layout *layout, struct span object, enum item_member within, bool growing);

static void write_grown(
    struct item_layout *layout, enum item_member m, struct span value, bool growing)
{
	struct buf *text = &layout->text;

	json_write_name(text, span_of(item_kinds[m].name));
	layout->members[m].start = text->len;
	if (item_kinds[m].form == FORM_LIST && json_type(value) == JSON_ARRAY)
		write_list(layout, m, value, growing);
	else if (item_kinds[m].form == FORM_OBJECT && json_type(value) == JSON_OBJECT)
		write_members(layout, value, m, growing);
	else
		json_canonical(text, value);
	layout->members[m].end = text->len;
}

/* Writes an item, or an object within it. Those are one deep. */
static void write_members(
    struct item_layout *layout, struct span object, enum item_member within, bool growing)
{
	struct span values[ITEM_MEMBERS] = {{0}};
	enum item_member m;

	buf_putc(&layout->text, '{');
	write_fixed(layout, object, within, values);
	for (m = 0; m < ITEM_MEMBERS; m++)
		if (values[m].len != 0)
			write_grown(layout, m, values[m], growing);
	buf_putc(&layout->text, '}');
}

void item_layout_write(struct item_layout *layout, struct span item, bool growing)
{
	write_members(layout, item, ITEM_MEMBERS, growing);
}

void item_layout_free(struct item_layout *layout)
{
	buf_free(&layout->text);
	free(layout->parts);
	*layout = (struct item_layout){0};
}
