/* POST /v1/responses/{id}/cancel: ends a stored response that is not at its end yet. */
#ifndef RESPOOL_CANCEL_H
#define RESPOOL_CANCEL_H

#include <stdbool.h>

#include "handlers.h"

void cancel_handle(struct handlers *handlers);

/*
 * The same of an id that has been taken from the path, for handlers->tenant. False if the answer is
 * that it could not be done.
 */
bool cancel_answer(struct handlers *handlers, const char *id);

#endif
