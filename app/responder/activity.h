/*
 * What responders are at, in memory that their parent shares: one that hangs cannot tell it itself.
 */
#ifndef RESPOOL_ACTIVITY_H
#define RESPOOL_ACTIVITY_H

#include <stdatomic.h>

#include "route.h"

/* Of one responder. */
struct activity {
	atomic_int pid; /* 0 before it has begun */
	atomic_ulong served;
	atomic_int answers; /* what it is answering: an enum route_kind; ACTIVITY_IDLE if nothing */
	atomic_llong
	    since_ms;     /* of the monotonic clock: when the last request began, or this one */
	atomic_int redis; /* an enum activity_redis, as of the last request */
};

enum { ACTIVITY_IDLE = -1 };
enum activity_redis { ACTIVITY_REDIS_NONE, ACTIVITY_REDIS_DOWN, ACTIVITY_REDIS_UP };

/* Shared by this process and its children from now on; to be closed by this process. */
struct activity *activities_open(int count);
void activities_close(struct activity *activities, int count);

/* This process is the responder, and has nothing to do yet. */
void activity_start(struct activity *activity);
void activity_begin(struct activity *activity, enum route_kind route);
void activity_end(struct activity *activity, enum activity_redis redis);

/* Tells the log. Of one that has not begun nothing is told. */
void activity_report(const struct activity *activity);

#endif
