#include "request_references.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

/* What has nothing but its id is a reference, too. */
static bool is_reference(struct span item)
{
	struct span type = json_get(item, "type");

	return json_is_given(type) ? json_string_is(type, "item_reference")
				   : !json_is_given(json_get(item, "role"));
}

/* Until all ids are there, only the length of one is known. */
static void add(struct request_references *references, size_t *room, struct span item)
{
	size_t begin = references->ids.len;

	if (is_reference(item) || !json_decode(json_get(item, "id"), &references->ids))
		return;
	if (references->count == *room) {
		*room = *room != 0 ? *room * 2 : 16;
		references->items =
		    xrealloc(references->items, *room * sizeof(references->items[0]));
	}
	references->items[references->count++] =
	    (struct request_reference){{NULL, references->ids.len - begin}, item};
}

/* By the id, and those of one id as they come in the input. */
static int compare(const void *a, const void *b)
{
	const struct request_reference *one = a, *other = b;
	int order = span_compare(one->id, other->id);
	uintptr_t place = (uintptr_t)one->item.p, other_place = (uintptr_t)other->item.p;

	return order != 0 ? order : (place > other_place) - (place < other_place);
}

static void sort(struct request_references *references)
{
	const char *id = buf_cstr(&references->ids);

	for (size_t i = 0; i < references->count; i++) {
		references->items[i].id.p = id;
		id += references->items[i].id.len;
	}
	qsort(references->items, references->count, sizeof(references->items[0]), compare);
}

void request_references_open(struct request_references *references, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	struct span item;
	size_t room = 0;

	*references = (struct request_references){0};
	if (json_type(input) != JSON_ARRAY)
		return;
	while (json_element(&scan, &item)) {
		if (json_type(item) == JSON_OBJECT)
			add(references, &room, item);
	}
	if (references->count > 0)
		sort(references);
}

void request_references_close(struct request_references *references)
{
	free(references->items);
	buf_free(&references->ids);
	*references = (struct request_references){0};
}

static struct span find(const struct request_references *references, struct span id)
{
	size_t low = 0, high = references->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (span_compare(references->items[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == references->count || !span_eq(references->items[low].id, id))
		return (struct span){0};
	return references->items[low].item;
}

struct span request_references_find(
    const struct request_references *references, struct span reference)
{
	struct buf id = {0};
	struct span item = {0};

	if (json_decode(json_get(reference, "id"), &id))
		item = find(references, buf_span(&id));
	buf_free(&id);
	return item;
}

bool request_references_check(const struct request_references *references,
    struct request_writer *writer, struct span reference)
{
	struct buf id = {0};

	if (request_references_find(references, reference).len > 0)
		return true;
	json_decode(json_get(reference, "id"), &id);
	request_invalid(writer, "input", "Item with id '%.128s' not found.", buf_cstr(&id));
	buf_free(&id);
	return false;
}
