#include "item_layout.h"

#include <stdlib.h>

#include "alloc.h"
#include "json.h"
#include "response.h"

const struct member_kind part_kinds[PART_MEMBERS] = {
    [PART_ANNOTATIONS] = {"annotations", true},
    [PART_REFUSAL] = {"refusal", false},
    [PART_TEXT] = {"text", false},
};

const struct member_kind item_kinds[ITEM_MEMBERS] = {
    [ITEM_ARGUMENTS] = {"arguments", false},
    [ITEM_CODE] = {"code", false},
    [ITEM_INPUT] = {"input", false},
    [ITEM_SUMMARY] = {"summary", true},
    [ITEM_CONTENT] = {"content", true},
};

static int find_kind(const struct member_kind *kinds, int count, struct span name)
{
	int m = 0;

	while (m < count && !json_raw_is(name, kinds[m].name))
		m++;
	return m;
}

/* An item's status gets a slot, so that it can change without moving what follows. */
static void write_status(struct buf *text, struct span value)
{
	size_t start = text->len;

	json_canonical(text, value);
	while (text->len < start + RESPONSE_STATUS_WIDTH)
		buf_putc(text, ' ');
}

/* Writes the members that cannot grow, and collects the values of those that can. */
static void write_fixed(struct buf *text, struct span object, const struct member_kind *kinds,
    int count, struct span *values)
{
	struct json_scan scan = json_open(object, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;
	int m;

	while (json_member(&scan, &name, &value)) {
		m = find_kind(kinds, count, name);
		if (m < count) {
			values[m] = value;
			continue;
		}
		json_write_name(text, name);
		if (kinds == item_kinds && json_raw_is(name, "status"))
			write_status(text, value);
		else
			json_canonical(text, value);
	}
}

void part_layout_write(struct part_layout *layout, struct buf *text, struct span part)
{
	struct span values[PART_MEMBERS] = {{0}};
	int m;

	layout->place.start = text->len;
	if (json_type(part) != JSON_OBJECT) {
		json_canonical(text, part);
		layout->place.end = text->len;
		return;
	}
	buf_putc(text, '{');
	write_fixed(text, part, part_kinds, PART_MEMBERS, values);
	for (m = 0; m < PART_MEMBERS; m++) {
		if (values[m].len == 0)
			continue;
		json_write_name(text, span_of(part_kinds[m].name));
		layout->members[m].start = text->len;
		json_canonical(text, values[m]);
		layout->members[m].end = text->len;
	}
	buf_putc(text, '}');
	layout->place.end = text->len;
}

static void write_list(struct item_layout *layout, enum item_member list, struct span array)
{
	struct json_scan scan = json_open(array, JSON_ACCEPT_BAD_UTF8);
	struct buf *text = &layout->text;
	struct part_layout *part;
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
		layout->parts =
		    xrealloc(layout->parts, (layout->part_count + 1) * sizeof(*layout->parts));
		part = &layout->parts[layout->part_count++];
		*part = (struct part_layout){.list = list};
		part_layout_write(part, text, value);
	}
	buf_putc(text, ']');
}

void item_layout_write(struct item_layout *layout, struct span item)
{
	struct span values[ITEM_MEMBERS] = {{0}};
	struct buf *text = &layout->text;
	int m;

	buf_putc(text, '{');
	write_fixed(text, item, item_kinds, ITEM_MEMBERS, values);
	for (m = 0; m < ITEM_MEMBERS; m++) {
		if (values[m].len == 0)
			continue;
		json_write_name(text, span_of(item_kinds[m].name));
		layout->members[m].start = text->len;
		if (item_kinds[m].is_list && json_type(values[m]) == JSON_ARRAY)
			write_list(layout, (enum item_member)m, values[m]);
		else
			json_canonical(text, values[m]);
		layout->members[m].end = text->len;
	}
	buf_putc(text, '}');
}

void item_layout_free(struct item_layout *layout)
{
	buf_free(&layout->text);
	free(layout->parts);
	*layout = (struct item_layout){0};
}
