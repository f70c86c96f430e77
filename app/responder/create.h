/* POST /v1/responses: a new response, to be polled for or passed through. */
#ifndef RESPOOL_CREATE_H
#define RESPOOL_CREATE_H

#include "handlers.h"

void create_handle(struct handlers *handlers);

#endif
