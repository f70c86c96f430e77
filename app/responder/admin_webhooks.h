/* GET /respool/v1/webhooks, and POST /respool/v1/webhooks/{id}/retry. */
#ifndef RESPOOL_ADMIN_WEBHOOKS_H
#define RESPOOL_ADMIN_WEBHOOKS_H

#include "handlers.h"

void admin_webhooks_handle(struct handlers *handlers);
void admin_webhooks_retry_handle(struct handlers *handlers);

#endif
