/* Which workers a snapshot has. */
#ifndef RESPOOL_PROCESSES_H
#define RESPOOL_PROCESSES_H

#include "common/store/operate.h"

/* How many of those that are alive drain. */
size_t workers_draining(const struct store_snapshot *snapshot);

/*
 * The worker that is alive and has this name, or the only one whose name begins so; NULL if there
 * is none, or several. *count says how many.
 */
const struct store_process *worker_find(
    const struct store_snapshot *snapshot, const char *name, size_t *count);

#endif
