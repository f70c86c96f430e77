#include "request_ids.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

static int compare(const void *a, const void *b)
{
	const struct span *one = a, *other = b;
	size_t shorter = one->len < other->len ? one->len : other->len;
	int order = shorter > 0 ? memcmp(one->p, other->p, shorter) : 0;

	return order != 0 ? order : (one->len > other->len) - (one->len < other->len);
}

/* Until all ids are there, only the length of one is known. */
static void add(struct request_ids *ids, size_t *room, struct span item)
{
	size_t begin = ids->text.len;
	struct span type = json_get(item, "type");

	if (!json_is_given(type) && !json_is_given(json_get(item, "role")))
		return;
	if (json_string_is(type, "item_reference") ||
	    !json_decode(json_get(item, "id"), &ids->text))
		return;
	if (ids->count == *room) {
		*room = *room != 0 ? *room * 2 : 16;
		ids->sorted = xrealloc(ids->sorted, *room * sizeof(ids->sorted[0]));
	}
	ids->sorted[ids->count++] = (struct span){NULL, ids->text.len - begin};
}

void request_ids_open(struct request_ids *ids, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	struct span item;
	size_t room = 0;
	const char *id;

	*ids = (struct request_ids){0};
	while (json_type(input) == JSON_ARRAY && json_element(&scan, &item)) {
		if (json_type(item) == JSON_OBJECT)
			add(ids, &room, item);
	}
	id = buf_cstr(&ids->text);
	for (size_t i = 0; i < ids->count; i++) {
		ids->sorted[i].p = id;
		id += ids->sorted[i].len;
	}
	if (ids->count > 0)
		qsort(ids->sorted, ids->count, sizeof(ids->sorted[0]), compare);
}

void request_ids_close(struct request_ids *ids)
{
	free(ids->sorted);
	buf_free(&ids->text);
	*ids = (struct request_ids){0};
}

bool request_ids_have(const struct request_ids *ids, struct span id)
{
	struct buf text = {0};
	struct span key;
	bool found = false;

	if (json_decode(id, &text) && ids->count > 0) {
		key = (struct span){buf_cstr(&text), text.len};
		found =
		    bsearch(&key, ids->sorted, ids->count, sizeof(ids->sorted[0]), compare) != NULL;
	}
	buf_free(&text);
	return found;
}
