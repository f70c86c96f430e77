/*
 * Calls that a process has open to deployments that take only so many at once
 * (max_parallel_requests): each call has a seat, and who finds none waits in a queue. Deployments
 * are told apart by their ids, so that calls which began before a reload count after it.
 */
#ifndef RESPOOL_SEATS_H
#define RESPOOL_SEATS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/config/config.h"

struct seats;
struct seat;

/* One that waits. Cannot be moved while it does. */
struct seat_waiter {
	TAILQ_ENTRY(seat_waiter) link;
	/*
	 * A seat of that deployment has become free: takes it with seat_take(), and leaves the
	 * queue, or returns false. No calls of others may come from within.
	 */
	bool (*offer)(void *ctx, const char *deployment_id);
	void *ctx;
};

struct seats *seats_new(void);
/* All seats have been left, and nobody waits. NULL is allowed. */
void seats_free(struct seats *seats);

/* Whether the deployment has as many calls as it may; false without seats (NULL) or a limit. */
bool seats_are_taken(const struct seats *seats, const struct deployment *deployment);

/* One more call. NULL if the deployment has no limit. */
struct seat *seat_take(struct seats *seats, const struct deployment *deployment);
/* The call has ended: the seat is offered to those who wait, first come, first served. */
void seat_leave(struct seats *seats, struct seat *seat);

void seats_wait(struct seats *seats, struct seat_waiter *waiter);
void seats_stop_waiting(struct seats *seats, struct seat_waiter *waiter);

#endif
