/* The Response object of a request that is asked once more, after it has failed. */
#ifndef RESPOOL_RETRIED_H
#define RESPOOL_RETRIED_H

#include <stdbool.h>
#include <time.h>

#include "common/base/buf.h"

/*
 * Appends the object that response_initial() would make of the request, with another id and time.
 * model is as the client named it, request the members that were kept for the provider, joined by
 * commas. What the request continued is not in there as the client named it, but in failed, the
 * object of before. False, and nothing is appended, if the request cannot be read.
 */
bool response_retried(struct buf *out, const char *id, time_t created_at, const char *model,
    struct span request, struct span failed);

#endif
