/* POST /respool/v1/responses/{id}/retry: asks once more what a failed response was asked. */
#ifndef RESPOOL_ADMIN_RETRY_H
#define RESPOOL_ADMIN_RETRY_H

#include "handlers.h"

/* The answer is the new response's object: what has failed stays so. */
void admin_retry_handle(struct handlers *handlers);

#endif
