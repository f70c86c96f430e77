/*
 * What an event is about: an item, and a part of one of its lists.
 *
 * An item is the one of the event's item_id; where that is unknown, the one at its output_index, if
 * it is of a type that the event can be about. What was never announced is opened if its index is
 * the next one. Functions that return FOLD_SKIPPED have said why in a warning, and changed nothing.
 */
#ifndef RESPOOL_EVENT_TARGET_H
#define RESPOOL_EVENT_TARGET_H

#include "event.h"
#include "item_keep.h"
#include "common/base/json.h"

struct target {
	struct item *item;      /* NULL: it has to be opened */
	long long output_index; /* where, then */
	size_t part;            /* the index of the part; the count of them: it has to be opened */
};

/* Checks the type of the value that the event carries. */
enum fold_result target_expect(
    struct fold *fold, const struct response_event *event, enum json_type type);

/* Reads an index that is below limit; *index keeps its value if the event has none. */
enum fold_result target_index(struct fold *fold, const struct response_event *event,
    enum event_member member, long long limit, long long *index);

/* Finds the item, or where to open it. A bad index is one also if the id says what is meant. */
enum fold_result target_find_item(
    struct fold *fold, const struct response_event *event, struct target *target);
/*
 * Finds which part of the item is meant, at most one behind the last. target->part says which if
 * the event does not.
 */
enum fold_result target_find_part(
    struct fold *fold, const struct response_event *event, struct target *target);

/* Opens the item unless it is there. */
enum fold_result target_open_item(
    struct fold *fold, const struct response_event *event, struct target *target);

/* Does the three above, and opens the part, if the event is about one, unless it is there. */
enum fold_result target_find(
    struct fold *fold, const struct response_event *event, struct target *target);
/* The same, and finds the string or array that the event lets grow. */
enum fold_result target_find_grown(struct fold *fold, const struct response_event *event,
    struct target *target, struct grown **out);

/* The part that was found, or NULL if it has to be opened. */
struct part *target_part(const struct response_event *event, const struct target *target);
/*
 * Puts a whole part, a JSON value, in its place, with what it lacks of the one that is there. NULL
 * if there is no place for it.
 */
struct part *target_put_part(struct fold *fold, const struct response_event *event,
    const struct target *target, struct span raw, enum keeping keeping);

/* Appends an id, a JSON string, for an item that came without one. */
void target_make_id(struct buf *out, const struct fold *fold, const char *prefix, long long index);
/* What the id of an item of this type, a JSON value, begins with. */
const char *target_id_prefix(struct span type);

/* These say why an event is skipped. */
enum fold_result target_too_many_items(struct fold *fold, const struct response_event *event);
enum fold_result target_no_place_for_part(struct fold *fold, const struct response_event *event);
enum fold_result target_not_growing(struct fold *fold, const struct response_event *event);

#endif
