/* Cancelling a response whoever made it: one of ours, or one that a LiteLLM proxy stored. */
#ifndef RESPOOL_CANCEL_ANY_H
#define RESPOOL_CANCEL_ANY_H

#include "common/base/buf.h"
#include "store.h"

/*
 * As store_cancel(), but that another program's is replaced by one that is cancelled, to be kept
 * for ttl seconds. *object is what is stored then: it points into the store's reply, or into
 * scratch, which is overwritten. STORE_NOT_FOUND also if what is stored is no object.
 */
enum store_result store_cancel_any(struct store *store, const char *id, const char *tenant,
    long ttl, struct buf *scratch, struct span *object);

#endif
