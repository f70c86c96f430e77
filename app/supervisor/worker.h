/* A stream worker: one process, one event loop, up to max_streams streams at once. */
#ifndef RESPOOL_WORKER_H
#define RESPOOL_WORKER_H

#include <stdatomic.h>

#include "common/config/config.h"

/*
 * Runs until SIGTERM or SIGINT. Then takes no new job and no webhook, lets streams and webhooks
 * finish for up to drain_seconds, gives the rest back and returns 0. A second signal gives back at
 * once.
 *
 * On SIGHUP reads the configuration again from path, for streams that start and webhooks that are
 * sent from then on; one that has errors is logged and changes nothing. How to reach Redis, and
 * lease_seconds, stay as they were. On SIGUSR2 tells the log what it is at.
 *
 * config is held. name and predecessor are as for jobs_new(), advised as for jobs_advise(); NULL if
 * advice is another worker's to give.
 */
int worker_run(struct config *config, const char *path, const char *name, const char *predecessor,
    atomic_bool *advised);

#endif
