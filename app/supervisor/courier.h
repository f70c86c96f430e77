/*
 * Sends a worker's webhooks: claims deliveries that are due, posts each to its endpoint, and
 * reports what has become of it, again and again until Redis has it. Connections are made to none
 * but the endpoints, in a pool of their own, and where an endpoint does not allow private
 * addresses, to public ones alone.
 */
#ifndef RESPOOL_COURIER_H
#define RESPOOL_COURIER_H

#include <stdbool.h>

#include <event2/event.h>

#include "common/config/config.h"
#include "common/store/jobs.h"

struct courier;

/* idle is called whenever nothing is under way any more. */
struct courier *courier_new(
    struct event_base *base, struct jobs *jobs, void (*idle)(void *ctx), void *ctx);
/*
 * Gives up what is under way without a report: the leases end. Not before jobs_free(), as replies
 * may be owed; it is released before. NULL is allowed.
 */
void courier_free(struct courier *courier);

/*
 * Sends to the endpoints of config from now on; it is held. What is under way goes on. Nothing is
 * set up as long as there are none.
 */
void courier_use(struct courier *courier, struct config *config);

/*
 * There may be something due: a response has ended, or Redis is back. Costs nothing without
 * endpoints.
 */
void courier_look(struct courier *courier);

/* Claims nothing any more. */
void courier_stop(struct courier *courier);
/*
 * Gives back what is under way, as nobody waits for it any more, and claims nothing. To be called
 * before jobs_leave().
 */
void courier_release(struct courier *courier);

/* How many deliveries are under way, unreported ones included. */
int courier_load(const struct courier *courier);

#endif
