/* A response that a client ends while it waits for a worker. */
#ifndef RESPOOL_QUEUED_END_H
#define RESPOOL_QUEUED_END_H

#include "handlers.h"

/*
 * To be called after store_cancel() or store_delete() of a response of that tenant: if it was
 * queued, tells the log how it has ended. Of one that runs, its worker tells.
 */
void queued_end_log(
    const struct handlers *handlers, const char *id, const char *tenant, const char *status);

#endif
