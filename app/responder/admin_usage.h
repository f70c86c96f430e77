/* GET /respool/v1/usage: what tenants have used of models, by days. */
#ifndef RESPOOL_ADMIN_USAGE_H
#define RESPOOL_ADMIN_USAGE_H

#include "handlers.h"

void admin_usage_handle(struct handlers *handlers);

#endif
