#include "seats.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* Those of one deployment; kept until the end, as its next call is likely. */
struct seat {
	LIST_ENTRY(seat) link;
	char *deployment_id;
	int taken;
};

LIST_HEAD(seat_list, seat);
TAILQ_HEAD(waiter_list, seat_waiter);

struct seats {
	struct seat_list list;
	struct waiter_list waiters;
};

struct seats *seats_new(void)
{
	struct seats *seats = xcalloc(1, sizeof(*seats));

	LIST_INIT(&seats->list);
	TAILQ_INIT(&seats->waiters);
	return seats;
}

void seats_free(struct seats *seats)
{
	struct seat *seat;

	if (seats == NULL)
		return;
	while ((seat = LIST_FIRST(&seats->list)) != NULL) {
		LIST_REMOVE(seat, link);
		free(seat->deployment_id);
		free(seat);
	}
	free(seats);
}

static struct seat *find(const struct seats *seats, const char *deployment_id)
{
	struct seat *seat = LIST_FIRST(&seats->list);

	while (seat != NULL && strcmp(seat->deployment_id, deployment_id) != 0)
		seat = LIST_NEXT(seat, link);
	return seat;
}

bool seats_are_taken(const struct seats *seats, const struct deployment *deployment)
{
	const struct seat *seat;

	if (deployment->max_parallel_requests == 0 || seats == NULL)
		return false;
	seat = find(seats, deployment->id);
	return seat != NULL && seat->taken >= deployment->max_parallel_requests;
}

struct seat *seat_take(struct seats *seats, const struct deployment *deployment)
{
	struct seat *seat;

	if (deployment->max_parallel_requests == 0)
		return NULL;
	seat = find(seats, deployment->id);
	if (seat == NULL) {
		seat = xcalloc(1, sizeof(*seat));
		seat->deployment_id = xstrdup(deployment->id);
		LIST_INSERT_HEAD(&seats->list, seat, link);
	}
	seat->taken++;
	return seat;
}

void seat_leave(struct seats *seats, struct seat *seat)
{
	struct seat_waiter *waiter;

	seat->taken--;
	TAILQ_FOREACH(waiter, &seats->waiters, link)
	{
		if (waiter->offer(waiter->ctx, seat->deployment_id))
			return;
	}
}

void seats_wait(struct seats *seats, struct seat_waiter *waiter)
{
	TAILQ_INSERT_TAIL(&seats->waiters, waiter, link);
}

void seats_stop_waiting(struct seats *seats, struct seat_waiter *waiter)
{
	TAILQ_REMOVE(&seats->waiters, waiter, link);
}
