#include "fold_items.h"

#include <limits.h>
#include <string.h>

#include "event_target.h"
#include "fold_lifecycle.h"
#include "fold_warning.h"
#include "common/base/json.h"

/* Appends the item with that id, raw JSON, in the place of its own, and that call_id unless empty.
 */
static void write_with_ids(struct buf *out, struct span item, struct span id, struct span call_id)
{
	struct json_scan scan = json_open(item, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	buf_puts(out, "{\"id\":");
	buf_append_span(out, id);
	if (call_id.len > 0) {
		buf_puts(out, ",\"call_id\":");
		buf_append_span(out, call_id);
	}
	while (json_member(&scan, &name, &value)) {
		if (json_raw_is(name, "id") || (call_id.len > 0 && json_raw_is(name, "call_id")))
			continue;
		json_write_name(out, name);
		buf_append_span(out, value);
	}
	buf_putc(out, '}');
}

/* An empty one is none: items of gateways that count none would all be the same. */
static bool has_id(struct span item)
{
	struct span id = json_get(item, "id");

	return json_type(id) == JSON_STRING && json_inside(id).len != 0;
}

/* Puts in an item that is new, with an id if it has none. Behind an end it begins another life. */
static enum fold_result add_item(
    struct fold *fold, const struct response_event *event, bool growing)
{
	struct span raw = event->members[EVENT_ITEM];
	struct item_layout layout = {0};
	struct buf id = {0}, named = {0};
	struct item *item;
	long long index;

	if (fold->life_ended)
		fold_begin_life(fold);
	index = output_next_index(&fold->output) - fold->base;
	target_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index);
	index += fold->base;
	if (!has_id(raw)) {
		target_make_id(&id, fold, target_id_prefix(json_get(raw, "type")), index);
		write_with_ids(&named, raw, buf_span(&id), (struct span){0});
		raw = buf_span(&named);
	}
	item_layout_write(&layout, raw, growing);
	item = output_add(&fold->output, &layout, index);
	if (item != NULL)
		item->done = !growing;
	item_layout_free(&layout);
	buf_free(&id);
	buf_free(&named);
	if (item == NULL)
		return target_too_many_items(fold, event);
	return fold_output_changed(fold, item, FOLD_NO_PART);
}

/* Parts that an announcement does not name have still only been made. */
static void mark_kept_parts(struct item *item, const size_t named[ITEM_LISTS])
{
	size_t i, part;

	for (i = 0; i < ITEM_LISTS; i++)
		for (part = named[i]; part < item->lists[i].count; part++)
			item->lists[i].parts[part]->announced = false;
}

/* The item with the ids that it has: clients may have seen them already. */
static struct span with_seen_ids(struct buf *out, const struct item *item, struct span raw)
{
	struct buf id = {0};

	if (item->telling == 0 || item->id == NULL)
		return raw;
	buf_printf(&id, "\"%s\"", item->id);
	write_with_ids(out, raw, buf_span(&id), buf_span(&item->call_id));
	buf_free(&id);
	return buf_span(out);
}

void fold_name_item(struct fold *fold, struct item *item, struct span id, struct span call_id)
{
	struct span raw = document_value(&fold->doc, &item->node);
	bool names = span_eq(json_get(raw, "id"), id) &&
		     (call_id.len == 0 || span_eq(json_get(raw, "call_id"), call_id));
	struct item_layout layout = {0};
	struct buf named = {0};
	bool announced = item->announced, put = item->put;

	buf_clear(&item->call_id);
	buf_append_span(&item->call_id, call_id);
	if (names)
		return;
	write_with_ids(&named, raw, id, call_id);
	item_layout_write(&layout, buf_span(&named), !item->done);
	output_replace(&fold->output, item, &layout);
	item->announced = announced;
	item->put = put;
	item_layout_free(&layout);
	buf_free(&named);
}

void fold_put_item(
    struct fold *fold, struct item *item, struct span raw, bool growing, enum keeping keeping)
{
	struct item_layout layout = {0};
	size_t named[ITEM_LISTS];
	struct buf kept = {0}, seen = {0};

	raw = with_seen_ids(&seen, item, raw);
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
	buf_free(&seen);
}

/* Checks what an event with a whole item has to have, and finds the item of its id. */
static enum fold_result find_whole_item(
    struct fold *fold, const struct response_event *event, struct item **item)
{
	long long index = 0;
	struct span id;

	if (target_expect(fold, event, JSON_OBJECT) == FOLD_SKIPPED ||
	    target_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	id = json_get(event->members[EVENT_ITEM], "id");
	if (json_is_given(id) && json_type(id) != JSON_STRING)
		return fold_skip(fold, "%s: the item's id is %s, expected a string",
		    event_name(event), json_type_name(json_type(id)));
	*item = output_find(&fold->output, id);
	return FOLD_CHANGED;
}

enum fold_result item_added(struct fold *fold, const struct response_event *event)
{
	struct item *item;

	if (find_whole_item(fold, event, &item) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (item == NULL)
		return add_item(fold, event, true);
	fold_put_item(fold, item, event->members[EVENT_ITEM], true,
	    item->announced ? KEEP_NOTHING : KEEP_EMPTY);
	item->done = false;
	item->told = 0;
	return fold_output_changed(fold, item, FOLD_NO_PART);
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
static struct item *item_to_end(struct fold *fold, const struct response_event *event)
{
	struct span raw = event->members[EVENT_ITEM];
	long long index = -1;
	struct item *item;

	target_index(fold, event, EVENT_OUTPUT_INDEX, INT_MAX, &index);
	if (index < 0)
		return NULL;
	item = output_at(&fold->output, fold->base + index);
	if (item == NULL || item->done || fold_likeness(fold, item, raw) == LIKE_NOT)
		return NULL;
	return item;
}

enum fold_result item_done(struct fold *fold, const struct response_event *event)
{
	struct item *item;
	struct buf named = {0}, id = {0};
	struct span raw = event->members[EVENT_ITEM];

	if (find_whole_item(fold, event, &item) == FOLD_SKIPPED)
		return FOLD_SKIPPED;
	if (item == NULL)
		item = item_to_end(fold, event);
	if (item == NULL)
		return add_item(fold, event, false);
	if (item->id != NULL && !has_id(raw)) {
		buf_printf(&id, "\"%s\"", item->id);
		write_with_ids(&named, raw, buf_span(&id), (struct span){0});
		raw = buf_span(&named);
	}
	fold_put_item(fold, item, raw, false, KEEP_ABSENT);
	item->done = true;
	buf_free(&id);
	buf_free(&named);
	return fold_output_changed(fold, item, FOLD_NO_PART);
}
