/* The event stream of a background response, which a relay sends (app/relay/reader_host.h). */
#ifndef RESPOOL_FOLLOW_H
#define RESPOOL_FOLLOW_H

#include <stdbool.h>

#include "follow_query.h"
#include "handlers.h"

/*
 * Has a relay send the events of the response of this id, or answers why not: it is not the
 * tenant's, or was not created as a stream.
 */
void follow_handle(struct handlers *handlers, const char *id, const struct follow_query *query);

/*
 * The same for one that has just been created, with the text of its first event: the client gets
 * that without another look at Redis. headers are lines that the answer has as well. False, with
 * nothing answered, if no relay takes the request.
 */
bool follow_created(
    struct handlers *handlers, const char *id, struct span first_event, const char *headers);

/* The same from its beginning on for one that may have been created long ago, as a stream. */
bool follow_from_start(struct handlers *handlers, const char *id, const char *headers);

#endif
