/* GET /respool/v1/status: the installation as it is now. */
#ifndef RESPOOL_ADMIN_STATUS_H
#define RESPOOL_ADMIN_STATUS_H

#include "handlers.h"

void admin_status_handle(struct handlers *handlers);

#endif
