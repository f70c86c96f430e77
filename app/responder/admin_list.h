/* GET /respool/v1/responses: everybody's, the latest first. */
#ifndef RESPOOL_ADMIN_LIST_H
#define RESPOOL_ADMIN_LIST_H

#include "handlers.h"

void admin_list_handle(struct handlers *handlers);

#endif
