/*
 * What the parts of job_lists share: job_lists.c has the changes under way and what is done with
 * whole lists, job_lists_ids.c what is done with single ids.
 */
#ifndef RESPOOL_JOB_LISTS_INTERNAL_H
#define RESPOOL_JOB_LISTS_INTERNAL_H

#include <stdbool.h>

#include "job_lists.h"
#include "redis_args.h"

/*
 * Sends a change that idle() has to wait for; fn calls job_lists_change_closed(). False, and fn is
 * never called, if Redis is away.
 */
bool job_lists_send_change(
    struct job_lists *lists, struct redis_args *args, redisCallbackFn *fn, void *privdata);
/* The same for a change after which there is nothing more to do. */
void job_lists_send(struct job_lists *lists, struct redis_args *args);

/*
 * Takes the job of an id in a worker's list from that worker: the id goes back to the queue, or
 * nowhere if the job has ended.
 */
void job_lists_reclaim(struct job_lists *lists, const char *worker, const char *id);

#endif
