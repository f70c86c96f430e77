#include "narrator_internal.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "fold_growth.h"

struct narrator *narrator_new(struct event_log *log)
{
	struct narrator *narrator = xcalloc(1, sizeof(*narrator));

	narrator->log = log;
	return narrator;
}

static void free_told(struct told_item *told)
{
	buf_free(&told->type);
	buf_free(&told->id);
	buf_free(&told->call_id);
	free(told->content.parts);
	free(told->summary.parts);
	free(told);
}

void narrator_forget(struct narrator *narrator)
{
	for (size_t i = 0; i < narrator->count; i++)
		free_told(narrator->items[i]);
	narrator->count = 0;
	narrator->fold = NULL;
}

void narrator_free(struct narrator *narrator)
{
	if (narrator == NULL)
		return;
	narrator_forget(narrator);
	free(narrator->items);
	shown_ids_close(&narrator->shown);
	buf_free(&narrator->piece);
	buf_free(&narrator->extra);
	buf_free(&narrator->whole);
	free(narrator);
}

void narrator_write(struct narrator *narrator, const struct response_event *event)
{
	struct event_log *log = narrator->log;

	if (narrator->is_silent)
		return;
	event_write(event_log_room(log), event, event_log_next(log));
	event_log_added(log);
}

struct told_item *narrator_known(struct narrator *narrator, struct item *item)
{
	struct told_item *told;

	if (item->telling != 0)
		return narrator->items[item->telling - 1];
	if (narrator->count == narrator->cap) {
		narrator->cap = narrator->cap != 0 ? 2 * narrator->cap : 4;
		narrator->items =
		    xrealloc(narrator->items, narrator->cap * sizeof(*narrator->items));
	}
	told = xcalloc(1, sizeof(*told));
	narrator->items[narrator->count++] = told;
	item->telling = narrator->count;
	return told;
}

/* What an event about a part has changed. */
static void tell_part(struct narrator *narrator, struct item *item, struct told_item *told,
    const struct response_event *event)
{
	enum item_member list = event->type->member;
	size_t at = narrator->fold->changed_part, count;
	bool has_grown = event->type->apply == delta_came || event->type->apply == annotation_added;

	if (!told_item_has_parts(told, list))
		return;
	count = told_list_of(told, list)->count;
	narrator_tell_parts(narrator, item, list, at < count ? at : count, at, has_grown);
	if (event->type->apply == value_done || event->type->apply == part_done)
		narrator_end_part(narrator, item, list, at, event->type->apply == part_done);
}

static void tell_change(
    struct narrator *narrator, struct item *item, const struct response_event *event)
{
	struct told_item *told = narrator_known(narrator, item);

	if (told->done)
		return;
	if (item->put)
		narrator_tell_item(narrator, item, false);
	if (event->type->value == EVENT_ITEM || !told->begun || told->is_other || told->done)
		return;
	if (narrator->fold->changed_part != FOLD_NO_PART)
		tell_part(narrator, item, told, event);
	else if (told->growth != NULL && told->growth->member == event->type->member)
		narrator_tell_own(narrator, item, told, event->type->apply == delta_came,
		    event->type->apply == value_done);
}

static void on_event(void *ctx, const struct response_event *event)
{
	struct narrator *narrator = ctx;

	if (event->type->apply == event_does_nothing)
		narrator_pass_on(narrator, event);
	else if (narrator->fold->changed != NULL)
		tell_change(narrator, narrator->fold->changed, event);
}

void narrator_listen(struct narrator *narrator, struct fold *fold)
{
	narrator->fold = fold;
	fold->listener = on_event;
	fold->listener_ctx = narrator;
}

static void tell_beginning(struct narrator *narrator)
{
	struct event_log *log = narrator->log;

	narrator->begun = true;
	buf_clear(&narrator->whole);
	json_canonical(&narrator->whole, buf_span(&narrator->fold->doc.text));
	event_write_response(event_log_room(log), "response.in_progress",
	    buf_span(&narrator->whole), event_log_next(log));
	event_log_added(log);
}

void narrator_follow(struct narrator *narrator, struct fold *fold)
{
	narrator_forget(narrator);
	if (shown_ids_begin_attempt(&narrator->shown))
		fold->shown = &narrator->shown;
	narrator_listen(narrator, fold);
	if (!narrator->begun)
		tell_beginning(narrator);
}

void narrator_end(struct narrator *narrator)
{
	struct output *output;

	if (narrator->fold == NULL)
		return;
	output = &narrator->fold->output;
	for (size_t i = 0; i < output->count; i++)
		narrator_tell_item(narrator, output->items[i], true);
	narrator->fold->listener = NULL;
	narrator_forget(narrator);
}
