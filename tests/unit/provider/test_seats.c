#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/seats.h"
#include "tests/unit/literal.h"

/* One that waits for seats of one deployment. */
struct guest {
	struct seats *seats;
	struct seat_waiter waiter;
	struct deployment *deployment;
	struct seat *seat;
};

static bool on_offer(void *ctx, const char *deployment_id)
{
	struct guest *guest = ctx;

	if (strcmp(guest->deployment->id, deployment_id) != 0 ||
	    seats_are_taken(guest->seats, guest->deployment))
		return false;
	seats_stop_waiting(guest->seats, &guest->waiter);
	guest->seat = seat_take(guest->seats, guest->deployment);
	return true;
}

static void queue_up(struct guest *guest, struct seats *seats, struct deployment *deployment)
{
	*guest = (struct guest){seats, {.offer = on_offer, .ctx = guest}, deployment, NULL};
	seats_wait(seats, &guest->waiter);
}

static void a_deployment_without_a_limit_is_never_full(void **state)
{
	struct deployment deployment = {.id = text("a")};
	struct seats *seats = seats_new();

	(void)state;
	assert_null(seat_take(seats, &deployment));
	assert_false(seats_are_taken(seats, &deployment));
	deployment.max_parallel_requests = 1;
	assert_false(seats_are_taken(NULL, &deployment));
	seats_free(seats);
}

static void calls_count_under_the_deployments_id(void **state)
{
	struct deployment deployment = {.id = text("a"), .max_parallel_requests = 2};
	struct deployment reloaded = {.id = text("a"), .max_parallel_requests = 1};
	struct deployment other = {.id = text("b"), .max_parallel_requests = 1};
	struct seats *seats = seats_new();
	struct seat *seat = seat_take(seats, &deployment);

	(void)state;
	assert_false(seats_are_taken(seats, &deployment));
	assert_true(seats_are_taken(seats, &reloaded));
	assert_false(seats_are_taken(seats, &other));
	assert_ptr_equal(seat_take(seats, &deployment), seat);
	assert_true(seats_are_taken(seats, &deployment));
	seat_leave(seats, seat);
	assert_false(seats_are_taken(seats, &deployment));
	seats_free(seats);
}

static void those_who_wait_are_served_in_their_order(void **state)
{
	struct deployment a = {.id = text("a"), .max_parallel_requests = 1};
	struct deployment b = {.id = text("b"), .max_parallel_requests = 1};
	struct seats *seats = seats_new();
	struct seat *seat = seat_take(seats, &a);
	struct guest guests[4];

	(void)state;
	seat_take(seats, &b);
	queue_up(&guests[0], seats, &b);
	for (int i = 1; i < 4; i++)
		queue_up(&guests[i], seats, &a);
	seats_stop_waiting(seats, &guests[2].waiter);
	seat_leave(seats, seat);
	assert_ptr_equal(guests[1].seat, seat);
	assert_null(guests[3].seat);
	assert_true(seats_are_taken(seats, &a));
	seat_leave(seats, seat);
	assert_ptr_equal(guests[3].seat, seat);
	assert_null(guests[0].seat);
	seat_leave(seats, seat);
	assert_false(seats_are_taken(seats, &a));
	seats_free(seats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deployment_without_a_limit_is_never_full),
	    cmocka_unit_test(calls_count_under_the_deployments_id),
	    cmocka_unit_test(those_who_wait_are_served_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
