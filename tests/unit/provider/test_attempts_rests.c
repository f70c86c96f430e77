#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attempts_setup.h"
#include "common/provider/seats.h"

static void a_deployment_that_rests_is_chosen_last(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 1000;
	add(&setup, "m")->weight = 1;
	let_rest(&setup, "0");
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[1], DRAWS);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 0);
	assert_false(setup.attempts.pause);
	end_setup(&setup);
}

static void a_deployment_that_rests_is_better_than_none(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	let_rest(&setup, "0");
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	end_setup(&setup);
}

static void one_that_is_full_is_passed_over(void **state)
{
	struct seats *seats = seats_new();
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->max_parallel_requests = 1;
	setup.deployments[0].weight = 1000;
	add(&setup, "m")->order = 7;
	health_open(&setup.health, &setup.config);
	setup.health.seats = seats;
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	struct seat *seat = seat_take(seats, &setup.deployments[0]);
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 1);
	seat_leave(seats, seat);
	attempts_draw_again(&setup.attempts);
	assert_int_equal(chosen(&setup), 0);
	end_setup(&setup);
	seats_free(seats);
}

static void one_that_is_full_is_better_than_one_that_rests(void **state)
{
	struct seats *seats = seats_new();
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->max_parallel_requests = 1;
	add(&setup, "m");
	let_rest(&setup, "1");
	setup.health.seats = seats;
	seat_take(seats, &setup.deployments[0]);
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	end_setup(&setup);
	seats_free(seats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deployment_that_rests_is_chosen_last),
	    cmocka_unit_test(a_deployment_that_rests_is_better_than_none),
	    cmocka_unit_test(one_that_is_full_is_passed_over),
	    cmocka_unit_test(one_that_is_full_is_better_than_one_that_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
