#include "shown_ids.h"

#include <stdlib.h>

#include <xxhash.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "event.h"

/* A hostile provider can have ids replaced again and again: no more are noted then. */
enum { IDS_MAX = 200000 };

struct shown_id {
	char *text;
	size_t len;
	size_t hash;
	unsigned as;     /* of enum shown_as: how it was shown */
	bool is_earlier; /* by an attempt before this one */
	bool replaces;   /* another one, in this attempt */
	size_t replaced; /* the place from 1 of what replaces it in this attempt; 0: nothing yet */
	int suffix;      /* those up to it have been tried; 0: none has */
};

void shown_ids_close(struct shown_ids *shown)
{
	for (size_t i = 0; i < shown->count; i++)
		free(shown->ids[i].text);
	free(shown->ids);
	free(shown->slots);
	buf_free(&shown->scratch);
	buf_free(&shown->item_id);
	buf_free(&shown->item);
	buf_free(&shown->response);
	*shown = (struct shown_ids){0};
}

static size_t hash_of(struct span id)
{
	return (size_t)XXH3_64bits(id.p, id.len);
}

/* The slot that has the id, or the free one for it. There is one. */
static size_t slot_of(const struct shown_ids *shown, struct span id, size_t hash)
{
	size_t slot = hash & (shown->slot_count - 1);

	while (shown->slots[slot] != 0) {
		const struct shown_id *found = &shown->ids[shown->slots[slot] - 1];

		if (found->hash == hash && span_eq((struct span){found->text, found->len}, id))
			break;
		slot = (slot + 1) & (shown->slot_count - 1);
	}
	return slot;
}

static struct shown_id *find(const struct shown_ids *shown, struct span id)
{
	size_t place;

	if (shown->count == 0)
		return NULL;
	place = shown->slots[slot_of(shown, id, hash_of(id))];
	return place != 0 ? &shown->ids[place - 1] : NULL;
}

static struct span text_of(const struct shown_id *id)
{
	return (struct span){id->text, id->len};
}

/* Slots are at most half full. */
static void make_room(struct shown_ids *shown)
{
	if (shown->count == shown->cap) {
		shown->cap = shown->cap != 0 ? 2 * shown->cap : 8;
		shown->ids = xrealloc(shown->ids, shown->cap * sizeof(*shown->ids));
	}
	if (2 * (shown->count + 1) <= shown->slot_count)
		return;
	free(shown->slots);
	shown->slot_count = shown->slot_count != 0 ? 2 * shown->slot_count : 16;
	shown->slots = xcalloc(shown->slot_count, sizeof(*shown->slots));
	for (size_t i = 0; i < shown->count; i++)
		shown->slots[slot_of(shown, text_of(&shown->ids[i]), shown->ids[i].hash)] = i + 1;
}

static struct shown_id *add(struct shown_ids *shown, struct span text)
{
	struct shown_id *id;

	make_room(shown);
	id = &shown->ids[shown->count];
	*id = (struct shown_id){
	    xmemdup(text.p, text.len), text.len, hash_of(text), 0, false, false, 0, 0};
	shown->slots[slot_of(shown, text, id->hash)] = ++shown->count;
	return id;
}

bool shown_ids_show(struct shown_ids *shown, struct span id, enum shown_as as)
{
	struct shown_id *found = find(shown, id);

	if (found == NULL)
		found = add(shown, id);
	if ((found->as & as) != 0)
		return false;
	found->as |= as;
	return true;
}

void shown_ids_make(struct shown_ids *shown, struct buf *out, struct span id)
{
	struct shown_id *first = find(shown, id);
	size_t start = out->len, len = start + id.len;
	int suffix = first != NULL && first->suffix != 0 ? first->suffix : 1;

	buf_append_span(out, id);
	if (first == NULL)
		return;
	do {
		out->len = len;
		buf_printf(out, "_%d", ++suffix);
	} while (find(shown, (struct span){out->data + start, out->len - start}) != NULL);
	/* Thousands of the same id would each try all suffixes again. */
	first->suffix = suffix;
}

bool shown_ids_begin_attempt(struct shown_ids *shown)
{
	shown->earlier = 0;
	for (size_t i = 0; i < shown->count; i++) {
		struct shown_id *id = &shown->ids[i];

		id->is_earlier = id->as != 0;
		id->replaces = false;
		id->replaced = 0;
		shown->earlier += id->is_earlier;
	}
	return shown->earlier != 0;
}

struct span shown_ids_rename(struct shown_ids *shown, struct span id, bool is_own)
{
	struct shown_id *found = find(shown, id);
	struct buf other = {0};
	size_t place;

	if (found == NULL || !(found->replaces ? !is_own : found->is_earlier))
		return id;
	if (found->replaced == 0) {
		if (shown->count >= IDS_MAX)
			return id;
		place = (size_t)(found - shown->ids);
		shown_ids_make(shown, &other, id);
		add(shown, buf_span(&other))->replaces = true;
		buf_free(&other);
		found = &shown->ids[place];
		found->replaced = shown->count;
	}
	return text_of(&shown->ids[found->replaced - 1]);
}

/* Whether the JSON value is an id that is replaced; out then is what by, a JSON string. */
static bool rename_value(struct shown_ids *shown, struct buf *out, struct span value, bool is_own)
{
	struct span id, renamed;

	if (!json_is_text(value))
		return false;
	buf_clear(&shown->scratch);
	json_text(&shown->scratch, json_inside(value), NULL);
	id = buf_span(&shown->scratch);
	renamed = shown_ids_rename(shown, id, is_own);
	if (renamed.p == id.p)
		return false;
	buf_clear(out);
	buf_putc(out, '"');
	buf_append_span(out, renamed);
	buf_putc(out, '"');
	return true;
}

static bool is_id(struct span name)
{
	return json_raw_is(name, "id") || json_raw_is(name, "call_id");
}

/* Appends an item with its ids replaced. */
static void write_item(struct shown_ids *shown, struct buf *out, struct span item, bool is_own)
{
	struct json_scan scan = json_open(item, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	buf_putc(out, '{');
	while (json_member(&scan, &name, &value)) {
		json_write_name(out, name);
		if (is_id(name) && rename_value(shown, &shown->item_id, value, is_own))
			value = buf_span(&shown->item_id);
		buf_append_span(out, value);
	}
	buf_putc(out, '}');
}

static bool has_renamed(struct shown_ids *shown, struct span item, bool is_own)
{
	return json_type(item) == JSON_OBJECT &&
	       (rename_value(shown, &shown->item_id, json_get(item, "id"), is_own) ||
		   rename_value(shown, &shown->item_id, json_get(item, "call_id"), is_own));
}

static void write_output(struct shown_ids *shown, struct buf *out, struct span array, bool is_own)
{
	struct json_scan scan = json_open(array, JSON_ACCEPT_BAD_UTF8);
	struct span item;

	buf_putc(out, '[');
	while (json_element(&scan, &item)) {
		json_begin_element(out);
		if (json_type(item) == JSON_OBJECT)
			write_item(shown, out, item, is_own);
		else
			buf_append_span(out, item);
	}
	buf_putc(out, ']');
}

static bool any_renamed(struct shown_ids *shown, struct span array, bool is_own)
{
	struct json_scan scan = json_open(array, JSON_ACCEPT_BAD_UTF8);
	struct span item;

	while (json_element(&scan, &item))
		if (has_renamed(shown, item, is_own))
			return true;
	return false;
}

struct span shown_ids_rename_response(struct shown_ids *shown, struct span response, bool is_own)
{
	struct json_scan scan = json_open(response, JSON_ACCEPT_BAD_UTF8);
	struct buf *out = &shown->response;
	struct span name, value, output = json_get(response, "output");

	if (json_type(output) != JSON_ARRAY || !any_renamed(shown, output, is_own))
		return response;
	buf_clear(out);
	buf_putc(out, '{');
	while (json_member(&scan, &name, &value)) {
		json_write_name(out, name);
		if (json_raw_is(name, "output") && json_type(value) == JSON_ARRAY)
			write_output(shown, out, value, is_own);
		else
			buf_append_span(out, value);
	}
	buf_putc(out, '}');
	return buf_span(out);
}

void shown_ids_rename_event(struct shown_ids *shown, struct response_event *event, bool is_own)
{
	struct span *members = event->members;

	if (has_renamed(shown, members[EVENT_ITEM], is_own)) {
		buf_clear(&shown->item);
		write_item(shown, &shown->item, members[EVENT_ITEM], is_own);
		members[EVENT_ITEM] = buf_span(&shown->item);
	}
	if (json_type(members[EVENT_RESPONSE]) == JSON_OBJECT)
		members[EVENT_RESPONSE] =
		    shown_ids_rename_response(shown, members[EVENT_RESPONSE], is_own);
	if (rename_value(shown, &shown->item_id, members[EVENT_ITEM_ID], is_own))
		members[EVENT_ITEM_ID] = buf_span(&shown->item_id);
}
