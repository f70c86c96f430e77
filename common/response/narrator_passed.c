#include "narrator_internal.h"

#include <limits.h>
#include <string.h>

#include "common/base/json.h"

/* Whether the event is one of items of that type, as its name says. */
static bool is_about(const struct event_type *event, const struct told_item *told)
{
	static const char before[] = "response.";
	size_t len = sizeof(before) - 1;
	struct span name = event->name, type;

	if (told->type.len == 0)
		return false;
	type = json_inside(buf_span(&told->type));
	return name.len > len + type.len && memcmp(name.p + len, type.p, type.len) == 0 &&
	       name.p[len + type.len] == '.';
}

/* The item that the event is about, if its beginning has been told and not its end. */
static const struct told_item *item_of(
    const struct narrator *narrator, const struct response_event *event)
{
	struct output *output = &narrator->fold->output;
	struct item *item = output_find(output, event->members[EVENT_ITEM_ID]);
	const struct told_item *told;
	long long index;

	if (item == NULL && json_integer(event->members[EVENT_OUTPUT_INDEX], &index) &&
	    index >= 0 && index < INT_MAX)
		item = output_at(output, narrator->fold->base + index);
	if (item == NULL || item->telling == 0)
		return NULL;
	told = narrator->items[item->telling - 1];
	return told->begun && !told->done && is_about(event->type, told) ? told : NULL;
}

/*
 * Whether a member is not the provider's to say. An SDK throws what has an error at its top, and
 * padding is only sent to hide the length of what was encrypted.
 */
static bool is_left_out(struct span name)
{
	static const char *const names[] = {
	    "type", "sequence_number", "output_index", "item_id", "obfuscation", "error"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_raw_is(name, names[i]))
			return true;
	return false;
}

void narrator_pass_on(struct narrator *narrator, const struct response_event *event)
{
	struct json_scan scan = json_open(event->data, JSON_ACCEPT_BAD_UTF8);
	const struct told_item *told = item_of(narrator, event);
	struct event_log *log = narrator->log;
	struct span name, value;
	struct buf *out;

	if (event->data.len == 0 || told == NULL || narrator->is_silent)
		return;
	out = event_log_room(log);
	event_write_begin(out, event_name(event), event_log_next(log));
	buf_puts(out, ",\"item_id\":");
	buf_append_span(out, buf_span(&told->id));
	buf_printf(out, ",\"output_index\":%lld", told->index);
	while (json_member(&scan, &name, &value)) {
		if (is_left_out(name))
			continue;
		json_write_name(out, name);
		json_canonical(out, value);
	}
	event_write_end(out);
	event_log_added(log);
}
