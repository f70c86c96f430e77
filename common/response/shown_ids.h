/*
 * The ids and call_ids that clients of a stream have seen. Where a job begins again, its provider
 * may give the same ones again; they are replaced by others then, always by the same, before the
 * events reach the fold: so document, events and lookups agree.
 *
 * An id is what stands between a JSON string's quotes, canonically spelled.
 */
#ifndef RESPOOL_SHOWN_IDS_H
#define RESPOOL_SHOWN_IDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

struct response_event;
struct shown_id;

/* Zeroed it is empty. */
struct shown_ids {
	struct shown_id *ids;
	size_t count, cap;
	size_t *slots; /* a hash table of places in ids, from 1; 0 is free */
	size_t slot_count;
	size_t earlier; /* how many were shown by earlier attempts */
	struct buf scratch, item_id, item, response;
};

enum shown_as {
	SHOWN_AS_ID = 1,
	SHOWN_AS_CALL_ID = 2,  /* of a call that the client answers */
	SHOWN_AS_REFERENCE = 4 /* a call_id of anything else, which many may have */
};

void shown_ids_close(struct shown_ids *shown);

/* Notes that clients see the id as such. False if they have seen it as such before. */
bool shown_ids_show(struct shown_ids *shown, struct span id, enum shown_as as);

/*
 * Appends the id, or, if it is known already, it with a suffix (_2, _3, …) that makes it one that
 * is not. The next call for the same id makes another one.
 */
void shown_ids_make(struct shown_ids *shown, struct buf *out, struct span id);

/*
 * Another attempt begins: what was shown so far is to be replaced in it. Returns whether there is
 * any such id.
 */
bool shown_ids_begin_attempt(struct shown_ids *shown);

/*
 * What an id of this attempt is to be: itself, or what it was replaced by. is_own says that it does
 * not come from the provider as it is: it may have been replaced already. Valid until the next
 * call.
 */
struct span shown_ids_rename(struct shown_ids *shown, struct span id, bool is_own);

/* Replaces the ids in an event. Its members are valid until the next call then. */
void shown_ids_rename_event(struct shown_ids *shown, struct response_event *event, bool is_own);
/* The same for those of the output of a Response object, JSON that has been checked. */
struct span shown_ids_rename_response(struct shown_ids *shown, struct span response, bool is_own);

#endif
