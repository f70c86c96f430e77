/*
 * Response objects that a LiteLLM proxy stored under the same keys: JSON, or a JSON string that
 * holds it.
 */
#ifndef RESPOOL_FOREIGN_H
#define RESPOOL_FOREIGN_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "response.h"

/*
 * Puts the object's text, as it is but for credentials of its tools, into *object and its status,
 * STATUS_COUNT if it is none of ours, into *status. False if what is stored is no object in either
 * form.
 */
bool foreign_read(struct buf *object, enum response_status *status, struct span stored);

/*
 * Puts the object with the status "cancelled", and "incomplete" for items in progress, into
 * *object, and into *stored the same in the form that old has; both without credentials of its
 * tools. False if old is no object in either form.
 */
bool foreign_cancel(struct buf *object, struct buf *stored, struct span old);

#endif
