/* POST /v1/responses/{id}/cancel: ends a stored response that is not at its end yet. */
#ifndef RESPOOL_CANCEL_H
#define RESPOOL_CANCEL_H

#include "handlers.h"

void cancel_handle(struct handlers *handlers);

#endif
