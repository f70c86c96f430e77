/* Workers under /respool/v1: GET workers, and POST workers/{name}/drain. */
#ifndef RESPOOL_ADMIN_WORKERS_H
#define RESPOOL_ADMIN_WORKERS_H

#include "handlers.h"

void admin_workers_handle(struct handlers *handlers);
/* With the body {"drain": false} the worker takes jobs again. */
void admin_drain_handle(struct handlers *handlers);

#endif
