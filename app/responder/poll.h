/* GET /v1/responses/{id}: a stored response as it is now. */
#ifndef RESPOOL_POLL_H
#define RESPOOL_POLL_H

#include "handlers.h"

void poll_handle(struct handlers *handlers);

#endif
