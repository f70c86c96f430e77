/* Events that bring whole items. */
#ifndef RESPOOL_FOLD_ITEMS_H
#define RESPOOL_FOLD_ITEMS_H

#include "event.h"
#include "item_keep.h"

event_fn item_added, item_done;

/* Puts an item in the place of one that is there, with what it lacks of that. */
void fold_put_item(
    struct fold *fold, struct item *item, struct span raw, bool growing, enum keeping keeping);

/*
 * Gives an item the id and call_id, JSON strings, that clients see of it; it keeps that call_id
 * whatever comes. An empty one leaves its own.
 */
void fold_name_item(struct fold *fold, struct item *item, struct span id, struct span call_id);

/* How much an item of another id says that it is the one that is there. */
enum likeness {
	LIKE_NOT,   /* their types or call_ids differ */
	LIKE_MAYBE, /* nothing tells them apart */
	LIKE_CALL,  /* they are the same call */
};

enum likeness fold_likeness(struct fold *fold, const struct item *item, struct span raw);

#endif
