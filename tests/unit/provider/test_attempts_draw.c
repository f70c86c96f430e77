#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attempts_setup.h"

static void deployments_that_are_alike_are_drawn_evenly(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 4);
	add_even(&setup, "other", 1);
	count_draws(&setup, "m", counts);
	for (size_t i = 0; i < 4; i++)
		assert_about(counts[i], 0.25);
	assert_int_equal(counts[4], 0);
}

static void a_weight_is_a_share_of_the_draws(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 6;
	add(&setup, "m")->weight = 3;
	add(&setup, "m")->weight = 1;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.6);
	assert_about(counts[1], 0.3);
	assert_about(counts[2], 0.1);
	assert_true(counts[2] > 0);
}

static void rpm_is_a_share_where_no_weight_is_given(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->rpm = 800;
	add(&setup, "m")->rpm = 200;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.8);
	assert_about(counts[1], 0.2);
}

static void a_weight_wins_over_rpm(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->rpm = 1000000;
	add(&setup, "m")->weight = 1;
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[1], DRAWS);
}

static void tpm_is_a_share_where_no_rpm_is_given(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->tpm = 80000;
	add(&setup, "m")->tpm = 20000;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.8);
	setup.deployments[1].rpm = 1;
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[1], DRAWS);
}

static void those_without_a_weight_are_drawn_last(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "m")->weight = 1;
	for (int i = 0; i < 100; i++) {
		begin(&setup, "m");
		assert_int_equal(chosen(&setup), 1);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 0);
		assert_false(setup.attempts.pause);
	}
}

static void weights_may_be_fractions_of_any_size(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 0.7;
	add(&setup, "m")->weight = 0.2;
	add(&setup, "m")->weight = 0.1;
	add(&setup, "m")->weight = 0;
	count_draws(&setup, "m", counts);
	assert_about(counts[0], 0.7);
	assert_about(counts[1], 0.2);
	assert_about(counts[2], 0.1);
	assert_int_equal(counts[3], 0);
}

static void a_weight_that_vanishes_beside_the_others_is_a_weight(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = INT32_MAX;
	add(&setup, "m")->weight = 1e-300;
	add(&setup, "m");
	for (int i = 0; i < 100; i++) {
		begin(&setup, "m");
		assert_int_equal(chosen(&setup), 0);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 1);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 2);
	}
}

static void the_largest_shares_do_not_overflow(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	for (int i = 0; i < 4; i++)
		add(&setup, "m")->weight = INT32_MAX;
	count_draws(&setup, "m", counts);
	for (size_t i = 0; i < 4; i++)
		assert_about(counts[i], 0.25);
}

static void more_deployments_than_there_is_room_for_do_no_harm(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, MAX_ROWS);
	add_even(&setup, "m", MAX_ROWS);
	begin(&setup, "m");
	for (int i = 1; i < ATTEMPTS_MAX_DEPLOYMENTS; i++) {
		assert_true(next(&setup, FAILURE_PASSING));
		assert_false(setup.attempts.pause);
	}
	assert_true(next(&setup, FAILURE_PASSING));
	assert_true(setup.attempts.pause);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(deployments_that_are_alike_are_drawn_evenly),
	    cmocka_unit_test(a_weight_is_a_share_of_the_draws),
	    cmocka_unit_test(rpm_is_a_share_where_no_weight_is_given),
	    cmocka_unit_test(a_weight_wins_over_rpm),
	    cmocka_unit_test(tpm_is_a_share_where_no_rpm_is_given),
	    cmocka_unit_test(those_without_a_weight_are_drawn_last),
	    cmocka_unit_test(weights_may_be_fractions_of_any_size),
	    cmocka_unit_test(a_weight_that_vanishes_beside_the_others_is_a_weight),
	    cmocka_unit_test(the_largest_shares_do_not_overflow),
	    cmocka_unit_test(more_deployments_than_there_is_room_for_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
