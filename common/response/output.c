#include "output.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

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
		remove_grown(doc, &list->parts[i]->self, 1);
		free(list->parts[i]);
	}
	free(list->parts);
	*list = (struct part_list){0};
}

static void empty_item(struct output *output, struct document *doc, struct item *item)
{
	int i;

	for (i = 0; i < ITEM_LISTS; i++)
		free_parts(output, doc, &item->lists[i]);
	remove_grown(doc, item->members, ITEM_MEMBERS);
}

void output_close(struct output *output)
{
	size_t i;

	for (i = 0; i < output->count; i++) {
		empty_item(output, NULL, output->items[i]);
		free(output->items[i]->id);
		buf_free(&output->items[i]->call_id);
		free(output->items[i]);
	}
	free(output->items);
	buf_free(&output->scratch);
	*output = (struct output){0};
}

static void enter(struct document *doc, struct grown *grown, struct node *parent,
    const struct place *place, size_t origin)
{
	if (place->end == 0)
		return;
	grown->present = true;
	document_add(doc, &grown->node, parent, origin + place->start, origin + place->end);
}

static void enter_part_members(
    struct document *doc, struct part *part, const struct part_layout *layout, size_t origin)
{
	int m;

	for (m = 0; m < PART_MEMBERS; m++)
		enter(doc, &part->members[m], &part->self.node, &layout->members[m], origin);
}

struct part_list *item_parts(struct item *item, enum item_member list)
{
	return &item->lists[list - ITEM_FIRST_LIST];
}

/* Enters a part behind those that its list has. NULL if there are too many. */
static struct part *enter_part(
    struct output *output, struct item *item, const struct part_layout *layout, size_t origin)
{
	struct part_list *list = item_parts(item, layout->list);
	struct part *part;

	if (output->part_count == OUTPUT_PARTS_MAX) {
		item->parts_left_out = true;
		return NULL;
	}
	part = xcalloc(1, sizeof(*part));
	part->announced = true;
	output->part_count++;
	if (list->count == list->cap) {
		list->cap = list->cap != 0 ? 2 * list->cap : 1;
		list->parts = xrealloc(list->parts, list->cap * sizeof(struct part *));
	}
	list->parts[list->count++] = part;
	enter(output->doc, &part->self, &item->members[layout->list].node, &layout->place, origin);
	enter_part_members(output->doc, part, layout, origin);
	return part;
}

/* The node of what a kind of member is in. */
static struct node *holder_of(struct item *item, enum item_member member)
{
	enum item_member within = item_kinds[member].within;

	return within != ITEM_MEMBERS ? &item->members[within].node : &item->node;
}

/* Enters what is inside an item whose text has been put into the document. */
static void enter_inside(struct output *output, struct item *item, const struct item_layout *layout)
{
	size_t origin = item->node.start, i;
	enum item_member m;

	item->nature = item_nature(layout->type);
	item->status = layout->status;
	item->parts_left_out = layout->parts_left_out;
	for (m = 0; m < ITEM_MEMBERS; m++)
		enter(output->doc, &item->members[m], holder_of(item, m), &layout->members[m],
		    origin);
	for (i = 0; i < layout->part_count; i++)
		enter_part(output, item, &layout->parts[i], origin);
}

static bool has_id(const struct item *item, struct span id)
{
	return item->id_len == id.len && memcmp(item->id, id.p, id.len) == 0;
}

struct item *output_find(struct output *output, struct span id)
{
	size_t i, at;

	if (json_type(id) != JSON_STRING)
		return NULL;
	buf_clear(&output->scratch);
	json_text(&output->scratch, json_inside(id), NULL);
	if (output->scratch.len == 0)
		return NULL;
	for (i = 0; i < output->count; i++) {
		at = output->last_found + i;
		if (at >= output->count)
			at -= output->count;
		if (has_id(output->items[at], buf_span(&output->scratch))) {
			output->last_found = at;
			output->steps += i;
			return output->items[at];
		}
	}
	output->steps += output->count;
	return NULL;
}

/* How many items have no greater index. */
static size_t count_up_to(const struct output *output, long long index)
{
	size_t low = 0, high = output->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (output->items[middle]->index <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct item *output_at(struct output *output, long long index)
{
	size_t count = count_up_to(output, index);

	if (count == 0 || output->items[count - 1]->index != index)
		return NULL;
	return output->items[count - 1];
}

size_t output_place(struct output *output, const struct item *item)
{
	size_t at = count_up_to(output, item->index);

	while (output->items[at - 1] != item) {
		output->steps++;
		at--;
	}
	return at - 1;
}

size_t output_place_of(const struct output *output, long long index)
{
	return count_up_to(output, index - 1);
}

long long output_next_index(const struct output *output)
{
	return output->count == 0 ? 0 : output->items[output->count - 1]->index + 1;
}

enum item_nature item_nature(struct span type)
{
	if (json_type(type) != JSON_STRING)
		return ITEM_OF_ANY_TYPE;
	if (json_string_is(type, "message"))
		return ITEM_IS_MESSAGE;
	return json_string_is(type, "reasoning") ? ITEM_IS_REASONING : ITEM_IS_OTHER;
}

static void set_id(struct item *item, struct span id)
{
	struct buf text = {0};

	free(item->id);
	if (json_type(id) == JSON_STRING)
		json_text(&text, json_inside(id), NULL);
	if (text.len != 0)
		buf_cstr(&text);
	item->id = text.data;
	item->id_len = text.len;
}

/* Makes room in the list for one more item. */
static void open_place(struct output *output, size_t place)
{
	if (output->count == output->cap) {
		output->cap = output->cap != 0 ? 2 * output->cap : 2;
		output->items = xrealloc(output->items, output->cap * sizeof(struct item *));
	}
	memmove(output->items + place + 1, output->items + place,
	    (output->count - place) * sizeof(struct item *));
	output->count++;
}

/* The index nearest to the one wanted that keeps the items in order. */
static long long index_at(const struct output *output, size_t place, long long wanted)
{
	if (place > 0 && output->items[place - 1]->index > wanted)
		return output->items[place - 1]->index;
	if (place < output->count && output->items[place]->index < wanted)
		return output->items[place]->index;
	return wanted;
}

struct item *output_add_at(
    struct output *output, const struct item_layout *layout, size_t place, long long index)
{
	struct span text = buf_span(&layout->text);
	struct item *item;
	size_t start;

	if (output->count == OUTPUT_ITEMS_MAX)
		return NULL;
	item = xcalloc(1, sizeof(*item));
	set_id(item, layout->id);
	item->index = index_at(output, place, index);
	item->announced = true;
	item->put = true;
	open_place(output, place);
	output->items[place] = item;
	if (place + 1 < output->count)
		start = document_insert_before(output->doc, &output->items[place + 1]->node, text);
	else
		start = document_append_element(output->doc, &output->array, text);
	document_add(output->doc, &item->node, &output->array, start, start + text.len);
	enter_inside(output, item, layout);
	return item;
}

struct item *output_add(struct output *output, const struct item_layout *layout, long long index)
{
	return output_add_at(output, layout, count_up_to(output, index), index);
}

void output_replace(struct output *output, struct item *item, const struct item_layout *layout)
{
	empty_item(output, output->doc, item);
	set_id(item, layout->id);
	item->announced = true;
	item->put = true;
	document_replace(output->doc, &item->node, buf_span(&layout->text));
	enter_inside(output, item, layout);
}

static struct part *append_part(
    struct output *output, struct item *item, const struct part_layout *layout, struct span text)
{
	size_t start =
	    document_append_element(output->doc, &item->members[layout->list].node, text);

	return enter_part(output, item, layout, start);
}

static struct part *replace_part(
    struct output *output, struct part *part, const struct part_layout *layout, struct span text)
{
	remove_grown(output->doc, part->members, PART_MEMBERS);
	part->self.half = 0;
	part->announced = true;
	document_replace(output->doc, &part->self.node, text);
	enter_part_members(output->doc, part, layout, part->self.node.start);
	return part;
}

struct part *output_put_part(struct output *output, struct item *item, size_t index,
    const struct part_layout *layout, struct span text)
{
	struct part_list *parts = item_parts(item, layout->list);

	if (index == parts->count &&
	    (item->parts_left_out || output->part_count == OUTPUT_PARTS_MAX))
		return NULL;
	if (output_item_grown(output, item, layout->list) == NULL)
		return NULL;
	if (index == parts->count)
		return append_part(output, item, layout, text);
	return replace_part(output, parts->parts[index], layout, text);
}

static const struct {
	enum json_type type;
	struct span empty;
} forms[] = {
    [FORM_TEXT] = {JSON_STRING, {"\"\"", 2}},
    [FORM_LIST] = {JSON_ARRAY, {"[]", 2}},
    [FORM_OBJECT] = {JSON_OBJECT, {"{}", 2}},
};

static bool can_grow(const struct document *doc, const struct grown *grown,
    const struct node *parent, const struct member_kind *kind)
{
	enum json_type type;

	if (!grown->present)
		return json_type(document_value(doc, parent)) == JSON_OBJECT;
	type = json_type(document_value(doc, &grown->node));
	return type == JSON_NULL || type == forms[kind->form].type;
}

static struct grown *ensure_grown(
    struct document *doc, struct grown *grown, struct node *parent, const struct member_kind *kind)
{
	struct span empty = forms[kind->form].empty;
	size_t start;

	if (!can_grow(doc, grown, parent, kind))
		return NULL;
	if (!grown->present) {
		start = document_append_member(doc, parent, kind->name, empty);
		document_add(doc, &grown->node, parent, start, start + empty.len);
		grown->present = true;
	} else if (json_type(document_value(doc, &grown->node)) == JSON_NULL) {
		document_replace(doc, &grown->node, empty);
	}
	return grown;
}

struct grown *output_item_grown(struct output *output, struct item *item, enum item_member member)
{
	enum item_member within = item_kinds[member].within;

	if (within != ITEM_MEMBERS && output_item_grown(output, item, within) == NULL)
		return NULL;
	return ensure_grown(
	    output->doc, &item->members[member], holder_of(item, member), &item_kinds[member]);
}

bool output_part_can_grow(
    const struct output *output, const struct part *part, enum part_member member)
{
	if (member == PART_SELF)
		return json_type(document_value(output->doc, &part->self.node)) == JSON_STRING;
	return can_grow(output->doc, &part->members[member], &part->self.node, &part_kinds[member]);
}

struct grown *output_part_grown(struct output *output, struct part *part, enum part_member member)
{
	if (member == PART_SELF)
		return output_part_can_grow(output, part, member) ? &part->self : NULL;
	return ensure_grown(
	    output->doc, &part->members[member], &part->self.node, &part_kinds[member]);
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

void output_set_value(struct output *output, struct grown *grown, struct span value)
{
	buf_clear(&output->scratch);
	json_canonical(&output->scratch, value);
	document_replace(output->doc, &grown->node, buf_span(&output->scratch));
	grown->half = 0;
}

size_t output_open_slot(const struct output *output, const struct item *item)
{
	static const struct span in_progress = {"\"in_progress\"", RESPONSE_STATUS_WIDTH};
	size_t at = item->node.start + item->status.start;
	size_t len = item->status.end - item->status.start;

	if (len != in_progress.len ||
	    memcmp(output->doc->text.data + at, in_progress.p, in_progress.len) != 0)
		return 0;
	return at;
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

	for (i = 0; i < list->count; i++) {
		end_halves(doc, &list->parts[i]->self, 1);
		end_halves(doc, list->parts[i]->members, PART_MEMBERS);
	}
}

static void end_item(struct output *output, struct item *item, enum response_status status)
{
	char slot[RESPONSE_STATUS_WIDTH + 1];
	size_t at;
	int i;

	end_halves(output->doc, item->members, ITEM_MEMBERS);
	for (i = 0; i < ITEM_LISTS; i++)
		end_parts(output->doc, &item->lists[i]);
	if (status == STATUS_COMPLETED || item->told != 0)
		return;
	at = output_open_slot(output, item);
	if (at == 0)
		return;
	response_status_slot(slot, STATUS_INCOMPLETE);
	document_overwrite(output->doc, at, span_of(slot));
}

void output_end(struct output *output, enum response_status status)
{
	size_t i;

	for (i = 0; i < output->count; i++)
		end_item(output, output->items[i], status);
}
