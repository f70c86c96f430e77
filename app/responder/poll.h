/* GET /v1/responses/{id}: a stored response as it is now. */
#ifndef RESPOOL_POLL_H
#define RESPOOL_POLL_H

#include "handlers.h"

void poll_handle(struct handlers *handlers);

/* The same of an id that has been taken from the path, for handlers->tenant. */
void poll_answer(struct handlers *handlers, const char *id);

#endif
