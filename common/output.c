#include "output.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"

/* ---- opening and closing --------------------------------------------------------------------- */

void output_open(struct output *output, struct document *doc, size_t start)
{
	*output = (struct output){.doc = doc};
	document_add(doc, &output->array, NULL, start, start + 2);
}

static void remove_grown(struct document *doc, struct grown *members, int count)
{
	int m;

	for (m = 0; m < count; m++) {
		if (doc != NULL && members[m].present)
			document_remove(doc, &members[m].node);
		members[m] = (struct grown){0};
	}
}

/* Forgets a list's parts; with doc NULL, for when the document goes too. */
static void free_parts(struct output *output, struct document *doc, struct part_list *list)
{
	size_t i;

	output->part_count -= list->count;
	for (i = 0; i < list->count; i++) {
		remove_grown(doc, list->parts[i]->members, PART_MEMBERS);
		if (doc != NULL)
			document_remove(doc, &list->parts[i]->node);
		free(list->parts[i]);
	}
	free(list->parts);
	*list = (struct part_list){0};
}

static void empty_item(struct output *output, struct document *doc, struct item *item)
{
	free_parts(output, doc, &item->summary);
	free_parts(output, doc, &item->content);
	remove_grown(doc, item->members, ITEM_MEMBERS);
}

void output_close(struct output *output)
{
	size_t i;

	for (i = 0; i < output->count; i++) {
		empty_item(output, NULL, output->items[i]);
		free(output->items[i]->id);
		free(output->items[i]);
	}
	free(output->items);
	buf_free(&output->scratch);
	*output = (struct output){0};
}

/* ---- entering laid out text ------------------------------------------------------------------ */

/* Enters the values of an item or part; their places count from origin. */
static void enter_members(struct document *doc, struct grown *members, int count,
    struct node *parent, const struct place *places, size_t origin)
{
	int m;

	for (m = 0; m < count; m++) {
		if (places[m].end == 0)
			continue;
		members[m].present = true;
		document_add(doc, &members[m].node, parent, origin + places[m].start,
		    origin + places[m].end);
	}
}

struct part_list *item_parts(struct item *item, enum item_member list)
{
	return list == ITEM_SUMMARY ? &item->summary : &item->content;
}

/* Enters a part behind those that its list has, unless there are too many. */
static void enter_part(
    struct output *output, struct item *item, const struct part_layout *layout, size_t origin)
{
	struct part_list *list = item_parts(item, layout->list);
	struct document *doc = output->doc;
	struct part *part;

	if (output->part_count == OUTPUT_PARTS_MAX) {
		item->parts_left_out = true;
		return;
	}
	part = xcalloc(1, sizeof(*part));
	output->part_count++;
	if (list->count == list->cap) {
		list->cap = list->cap != 0 ? 2 * list->cap : 1;
		list->parts = xrealloc(list->parts, list->cap * sizeof(struct part *));
	}
	list->parts[list->count++] = part;
	document_add(doc, &part->node, &item->members[layout->list].node,
	    origin + layout->place.start, origin + layout->place.end);
	enter_members(doc, part->members, PART_MEMBERS, &part->node, layout->members, origin);
}

/* Enters what is inside an item whose text has been put into the document. */
static void enter_inside(struct output *output, struct item *item, const struct item_layout *layout)
{
	size_t origin = item->node.start, i;

	item->parts_left_out = layout->parts_left_out;
	enter_members(
	    output->doc, item->members, ITEM_MEMBERS, &item->node, layout->members, origin);
	for (i = 0; i < layout->part_count; i++)
		enter_part(output, item, &layout->parts[i], origin);
}

/* ---- items ----------------------------------------------------------------------------------- */

struct item *output_find(struct output *output, struct span id)
{
	size_t i, at;

	if (json_type(id) != JSON_STRING)
		return NULL;
	buf_clear(&output->scratch);
	json_text(&output->scratch, json_inside(id), NULL);
	for (i = 0; i < output->count; i++) {
		at = (output->last_found + i) % output->count;
		if (output->items[at]->id != NULL &&
		    span_is(buf_span(&output->scratch), output->items[at]->id)) {
			output->last_found = at;
			return output->items[at];
		}
	}
	return NULL;
}

long long output_next_index(const struct output *output)
{
	return output->count == 0 ? 0 : output->items[output->count - 1]->index + 1;
}

static char *id_text(struct span id)
{
	struct buf text = {0};

	if (json_type(id) != JSON_STRING)
		return NULL;
	json_text(&text, json_inside(id), NULL);
	buf_cstr(&text);
	return text.data;
}

/* Makes room in the list for an item with this index and returns where. */
static size_t open_slot(struct output *output, long long index)
{
	size_t at = output->count;

	if (output->count == output->cap) {
		output->cap = output->cap != 0 ? 2 * output->cap : 2;
		output->items = xrealloc(output->items, output->cap * sizeof(struct item *));
	}
	while (at > 0 && output->items[at - 1]->index > index)
		at--;
	memmove(output->items + at + 1, output->items + at,
	    (output->count - at) * sizeof(struct item *));
	output->count++;
	return at;
}

static void insert_item(
    struct output *output, struct span id, long long index, const struct item_layout *layout)
{
	struct item *item = xcalloc(1, sizeof(*item));
	struct span text = buf_span(&layout->text);
	size_t at = open_slot(output, index), start;

	output->items[at] = item;
	item->id = id_text(id);
	item->index = index;
	if (at + 1 < output->count)
		start = document_insert_before(output->doc, &output->items[at + 1]->node, text);
	else
		start = document_append_element(output->doc, &output->array, text);
	document_add(output->doc, &item->node, &output->array, start, start + text.len);
	enter_inside(output, item, layout);
}

bool output_put_item(struct output *output, struct span raw, long long index)
{
	struct span id = json_get(raw, "id");
	struct item *item = output_find(output, id);
	struct item_layout layout = {0};

	if (item == NULL && output->count == OUTPUT_ITEMS_MAX)
		return false;
	item_layout_write(&layout, raw);
	if (item != NULL) {
		empty_item(output, output->doc, item);
		document_replace(output->doc, &item->node, buf_span(&layout.text));
		enter_inside(output, item, &layout);
	} else {
		insert_item(output, id, index, &layout);
	}
	item_layout_free(&layout);
	return true;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void append_part(
    struct output *output, struct item *item, const struct part_layout *layout, struct span text)
{
	size_t start =
	    document_append_element(output->doc, &item->members[layout->list].node, text);

	enter_part(output, item, layout, start);
}

static void replace_part(
    struct output *output, struct part *part, const struct part_layout *layout, struct span text)
{
	remove_grown(output->doc, part->members, PART_MEMBERS);
	document_replace(output->doc, &part->node, text);
	enter_members(output->doc, part->members, PART_MEMBERS, &part->node, layout->members,
	    part->node.start);
}

bool output_put_part(
    struct output *output, struct item *item, enum item_member list, size_t index, struct span raw)
{
	struct part_layout layout = {.list = list};
	struct part_list *parts = item_parts(item, list);
	struct buf text = {0};

	if (index == parts->count &&
	    (item->parts_left_out || output->part_count == OUTPUT_PARTS_MAX))
		return false;
	if (output_item_grown(output, item, list) == NULL)
		return false;
	part_layout_write(&layout, &text, raw);
	if (index == parts->count)
		append_part(output, item, &layout, buf_span(&text));
	else
		replace_part(output, parts->parts[index], &layout, buf_span(&text));
	buf_free(&text);
	return true;
}

/* ---- what grows ------------------------------------------------------------------------------ */

static struct grown *ensure_grown(
    struct document *doc, struct grown *grown, struct node *parent, const struct member_kind *kind)
{
	enum json_type type = kind->is_list ? JSON_ARRAY : JSON_STRING;
	struct span empty = kind->is_list ? SPAN("[]") : SPAN("\"\"");
	size_t start;

	if (!grown->present) {
		if (json_type(document_value(doc, parent)) != JSON_OBJECT)
			return NULL;
		start = document_append_member(doc, parent, kind->name, empty);
		document_add(doc, &grown->node, parent, start, start + empty.len);
		grown->present = true;
	} else if (json_type(document_value(doc, &grown->node)) == JSON_NULL) {
		document_replace(doc, &grown->node, empty);
	}
	return json_type(document_value(doc, &grown->node)) == type ? grown : NULL;
}

struct grown *output_item_grown(struct output *output, struct item *item, enum item_member member)
{
	return ensure_grown(output->doc, &item->members[member], &item->node, &item_kinds[member]);
}

struct grown *output_part_grown(struct output *output, struct part *part, enum part_member member)
{
	return ensure_grown(output->doc, &part->members[member], &part->node, &part_kinds[member]);
}

void output_append_text(struct output *output, struct grown *string, struct span text)
{
	buf_clear(&output->scratch);
	json_text(&output->scratch, json_inside(text), &string->half);
	document_append_text(output->doc, &string->node, buf_span(&output->scratch));
}

void output_append_element(struct output *output, struct grown *array, struct span value)
{
	buf_clear(&output->scratch);
	json_canonical(&output->scratch, value);
	document_append_element(output->doc, &array->node, buf_span(&output->scratch));
}

void output_set_text(struct output *output, struct grown *string, struct span text)
{
	buf_clear(&output->scratch);
	json_canonical(&output->scratch, text);
	document_replace(output->doc, &string->node, buf_span(&output->scratch));
	string->half = 0;
}

static void end_halves(struct document *doc, struct grown *members, int count)
{
	int m;

	for (m = 0; m < count; m++) {
		if (members[m].half != 0)
			document_append_text(doc, &members[m].node, SPAN("\xef\xbf\xbd"));
		members[m].half = 0;
	}
}

static void end_parts(struct document *doc, const struct part_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		end_halves(doc, list->parts[i]->members, PART_MEMBERS);
}

void output_end(struct output *output)
{
	size_t i;

	for (i = 0; i < output->count; i++) {
		end_halves(output->doc, output->items[i]->members, ITEM_MEMBERS);
		end_parts(output->doc, &output->items[i]->summary);
		end_parts(output->doc, &output->items[i]->content);
	}
}
