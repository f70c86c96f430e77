/*
 * Events that change items.
 *
 * An item is the one of the event's item_id; where that is unknown, the one at its output_index, if
 * it is of a type that the event can be about. What was never announced is opened if its index is
 * the next one.
 */
#ifndef RESPOOL_FOLD_ITEMS_H
#define RESPOOL_FOLD_ITEMS_H

#include "event.h"
#include "item_keep.h"

event_fn item_added, item_done;  /* a whole item */
event_fn part_added, part_done;  /* a whole part */
event_fn delta_came, value_done; /* a text that grows, and its final state */
event_fn annotation_added;       /* one more element of a list */
event_fn command_added;          /* a shell command that is about to grow */
event_fn streams_came;           /* more of what a shell command has written */
event_fn outputs_done;           /* all that one has written */

/* Puts an item in the place of one that is there, with what it lacks of that. */
void fold_put_item(
    struct fold *fold, struct item *item, struct span raw, bool growing, enum keeping keeping);

/* How much an item of another id says that it is the one that is there. */
enum likeness {
	LIKE_NOT,   /* their types or call_ids differ */
	LIKE_MAYBE, /* nothing tells them apart */
	LIKE_CALL,  /* they are the same call */
};

enum likeness fold_likeness(struct fold *fold, const struct item *item, struct span raw);

#endif
