#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attempts_setup.h"

static void let_be_limited(struct setup *setup, const char *id, long long ms)
{
	if (setup->health.states == NULL)
		health_open(&setup->health, &setup->config);
	health_note_limit(&setup->health, span_of(id), ms);
}

static void one_that_is_limited_is_chosen_only_when_all_are(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 1000;
	add(&setup, "m");
	add(&setup, "m");
	let_be_limited(&setup, "0", 60000);
	let_rest(&setup, "1");
	let_rest(&setup, "2");
	for (int i = 0; i < 20; i++) {
		begin(&setup, "m");
		assert_int_not_equal(chosen(&setup), 0);
		assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
	}
	let_be_limited(&setup, "1", 30000);
	let_be_limited(&setup, "2", 90000);
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 1);
	assert_in_range(attempts_wait_ms(&setup.attempts), 20000, 30000);
	end_setup(&setup);
}

/* What is called refuses, and names so long a time, or the pause is so long (ms). */
static void refuse(struct setup *setup, long long ms)
{
	attempts_leave_alone(&setup->attempts, ms);
	attempts_evade(&setup->attempts);
}

static void a_refusal_leads_to_one_that_is_free_whatever_its_order(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m");
	add(&setup, "m")->order = 1;
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 0);
	refuse(&setup, 60000);
	assert_int_equal(chosen(&setup), 1);
	assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
	assert_false(setup.attempts.pause);
}

static void when_all_have_refused_the_one_that_is_free_soonest_is_waited_for(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 2);
	for (int i = 0; i < 20; i++) {
		size_t first;

		begin(&setup, "m");
		first = chosen(&setup);
		refuse(&setup, 60000);
		assert_int_not_equal(chosen(&setup), first);
		refuse(&setup, 90000);
		assert_int_equal(chosen(&setup), first);
		assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	}
}

static void a_refusal_is_no_try(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "m", 1);
	begin(&setup, "m");
	for (int i = 0; i < 10; i++)
		refuse(&setup, 1);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_true(setup.attempts.pause);
	refuse(&setup, 1);
	assert_false(next(&setup, FAILURE_PASSING));
}

static void a_refusal_says_nothing_to_other_requests(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 1);
	begin(&setup, "m");
	refuse(&setup, 60000);
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	begin(&setup, "m");
	assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
}

static void a_fallback_is_asked_rather_than_waited_for_the_model(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_even(&setup, "c", 1);
	add_fallback(&setup, "a", models, 2);
	let_be_limited(&setup, "1", 60000);
	begin(&setup, "a");
	refuse(&setup, 60000);
	assert_string_equal(setup.attempts.model, "c");
	assert_int_equal(attempts_wait_ms(&setup.attempts), 0);
	end_setup(&setup);
}

static void the_model_is_waited_for_when_its_fallbacks_are_limited_too(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	let_be_limited(&setup, "0", 60000);
	let_be_limited(&setup, "1", 30000);
	begin(&setup, "a");
	attempts_evade(&setup.attempts);
	assert_string_equal(setup.attempts.model, "a");
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "b");
	end_setup(&setup);
}

static void the_model_is_returned_to_when_its_fallback_is_limited_for_longer(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	assert_true(next(&setup, FAILURE_PASSING));
	refuse(&setup, 60000);
	assert_string_equal(setup.attempts.model, "b");
	refuse(&setup, 90000);
	assert_string_equal(setup.attempts.model, "a");
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	/* With the tries that it had left. */
	assert_false(next(&setup, FAILURE_PASSING));
	end_setup(&setup);
}

static void a_fallback_that_is_free_sooner_than_the_model_is_waited_for(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	refuse(&setup, 90000);
	refuse(&setup, 60000);
	assert_string_equal(setup.attempts.model, "b");
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
	end_setup(&setup);
}

static void what_only_one_deployment_knows_is_waited_for(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 2);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	attempts_stay(&setup.attempts, "1");
	refuse(&setup, 60000);
	assert_int_equal(chosen(&setup), 1);
	assert_in_range(attempts_wait_ms(&setup.attempts), 50000, 60000);
}

static void a_refusal_that_names_no_time_is_followed_by_growing_pauses(void **state)
{
	static const int most[] = {500, 1000, 2000, 4000, 5000, 5000};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 1);
	begin(&setup, "m");
	for (size_t i = 0; i < COUNT(most); i++) {
		int ms = attempts_limit_pause_ms(&setup.attempts, 4000);

		assert_in_range(ms, (most[i] < 4000 ? most[i] : 4000) / 2, most[i]);
		refuse(&setup, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_that_is_limited_is_chosen_only_when_all_are),
	    cmocka_unit_test(a_refusal_leads_to_one_that_is_free_whatever_its_order),
	    cmocka_unit_test(when_all_have_refused_the_one_that_is_free_soonest_is_waited_for),
	    cmocka_unit_test(a_refusal_is_no_try),
	    cmocka_unit_test(a_refusal_says_nothing_to_other_requests),
	    cmocka_unit_test(a_fallback_is_asked_rather_than_waited_for_the_model),
	    cmocka_unit_test(the_model_is_waited_for_when_its_fallbacks_are_limited_too),
	    cmocka_unit_test(the_model_is_returned_to_when_its_fallback_is_limited_for_longer),
	    cmocka_unit_test(a_fallback_that_is_free_sooner_than_the_model_is_waited_for),
	    cmocka_unit_test(what_only_one_deployment_knows_is_waited_for),
	    cmocka_unit_test(a_refusal_that_names_no_time_is_followed_by_growing_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
