/* An error of the Messages API as one of the Responses API. */
#ifndef RESPOOL_MESSAGES_ERROR_H
#define RESPOOL_MESSAGES_ERROR_H

#include "common/base/buf.h"

/*
 * Appends it as builder_fail() takes it, its type for its code if it has none. error is the error
 * event's member, an object or its message, or what stands for the event if there is none.
 */
void messages_error_write(struct buf *out, struct span error);

#endif
