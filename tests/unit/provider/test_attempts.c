#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attempts_setup.h"
#include "common/config/dialect.h"

static void a_model_without_deployments_has_nothing_to_call(void **state)
{
	char *models[] = {text("m")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 1);
	add_fallback(&setup, "*", models, 1);
	begin(&setup, "unknown");
	assert_null(setup.attempts.deployment);
	assert_false(next(&setup, FAILURE_PASSING));
	assert_null(setup.attempts.deployment);
}

static void what_cannot_be_called_from_here_is_never_chosen(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 5);
	add(&setup, "m")->missing = text("SOME_KEY");
	add(&setup, "m")->api_base = NULL;
	add(&setup, "m");
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[2], DRAWS);
	while (next(&setup, FAILURE_PASSING))
		assert_int_equal(chosen(&setup), 2);
}

static void a_model_that_cannot_be_called_from_here_falls_back_at_once(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "a")->missing = text("SOME_KEY");
	add(&setup, "b");
	begin(&setup, "a");
	assert_null(setup.attempts.deployment);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	assert_int_equal(chosen(&setup), 1);
	assert_string_equal(setup.attempts.model, "b");
}

static void every_deployment_is_asked_before_one_is_asked_again(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 3);
	add_even(&setup, "m", 3);
	for (int i = 0; i < 200; i++) {
		unsigned seen = 0;
		size_t last;

		begin(&setup, "m");
		assert_int_equal(setup.attempts.tries, 1);
		seen |= 1u << chosen(&setup);
		for (int tries = 2; tries <= 3; tries++) {
			assert_true(next(&setup, FAILURE_PASSING));
			assert_int_equal(setup.attempts.tries, tries);
			assert_false(setup.attempts.pause);
			seen |= 1u << chosen(&setup);
		}
		assert_int_equal(seen, 7);
		last = chosen(&setup);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_true(setup.attempts.pause);
		assert_int_not_equal(chosen(&setup), last);
		assert_false(next(&setup, FAILURE_PASSING));
		assert_null(setup.attempts.deployment);
		assert_false(next(&setup, FAILURE_PASSING));
	}
}

static void the_only_deployment_is_asked_again_after_a_pause(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	begin(&setup, "m");
	assert_false(setup.attempts.pause);
	for (int i = 0; i < 2; i++) {
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 0);
		assert_true(setup.attempts.pause);
	}
	assert_false(next(&setup, FAILURE_PASSING));
	assert_false(setup.attempts.pause);
}

static void without_retries_a_passing_failure_is_the_end(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 3);
	begin(&setup, "m");
	assert_false(next(&setup, FAILURE_PASSING));
}

static void a_deployment_may_have_a_number_of_retries_of_its_own(void **state)
{
	struct setup setup;
	struct deployment *own;

	(void)state;
	begin_setup(&setup, 0);
	own = add(&setup, "m");
	own->has_retries = true;
	own->num_retries = 2;
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_true(next(&setup, FAILURE_PASSING));
	assert_false(next(&setup, FAILURE_PASSING));
	setup.config.num_retries = 5;
	own->num_retries = 0;
	begin(&setup, "m");
	assert_false(next(&setup, FAILURE_PASSING));
	end_setup(&setup);
}

static void a_deployments_own_failure_leads_to_each_other_one_without_a_retry(void **state)
{
	struct setup setup;
	unsigned seen = 0;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "m", 3);
	begin(&setup, "m");
	do {
		assert_false(seen & 1u << chosen(&setup));
		assert_false(setup.attempts.pause);
		seen |= 1u << chosen(&setup);
	} while (next(&setup, FAILURE_DEPLOYMENT));
	assert_int_equal(seen, 7);
	assert_null(setup.attempts.deployment);
}

static void a_deployment_that_will_not_do_it_is_not_asked_again(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 6);
	add_even(&setup, "m", 3);
	for (int i = 0; i < 100; i++) {
		int calls = 0;
		size_t bad;

		begin(&setup, "m");
		bad = chosen(&setup);
		assert_true(next(&setup, FAILURE_DEPLOYMENT));
		do {
			assert_int_not_equal(chosen(&setup), bad);
			calls++;
		} while (next(&setup, FAILURE_PASSING));
		assert_int_equal(calls, 7);
	}
}

static void one_that_may_do_better_is_asked_again_when_the_others_will_not_do_it(void **state)
{
	struct setup setup;
	size_t passing;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 2);
	begin(&setup, "m");
	passing = chosen(&setup);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_not_equal(chosen(&setup), passing);
	assert_true(next(&setup, FAILURE_DEPLOYMENT));
	assert_int_equal(chosen(&setup), passing);
	assert_true(setup.attempts.pause);
	assert_false(next(&setup, FAILURE_DEPLOYMENT));
}

static void the_requests_own_failure_is_the_end(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 5);
	add_even(&setup, "a", 2);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", models, 1);
	begin(&setup, "a");
	assert_false(next(&setup, FAILURE_REQUEST));
	assert_null(setup.attempts.deployment);
}

static void a_preferred_deployment_is_asked_first_and_counts_as_asked(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "m", 3);
	let_rest(&setup, "1");
	for (int i = 0; i < 100; i++) {
		unsigned seen = 1u << 1;

		begin(&setup, "m");
		attempts_prefer(&setup.attempts, "1");
		assert_int_equal(chosen(&setup), 1);
		for (int n = 0; n < 2; n++) {
			assert_true(next(&setup, FAILURE_PASSING));
			assert_false(setup.attempts.pause);
			seen |= 1u << chosen(&setup);
		}
		assert_int_equal(seen, 7);
	}
	end_setup(&setup);
}

static void a_preference_for_what_is_not_the_models_changes_nothing(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "other");
	begin(&setup, "m");
	attempts_prefer(&setup.attempts, "1");
	assert_int_equal(chosen(&setup), 0);
	attempts_prefer(&setup.attempts, "gone");
	assert_int_equal(chosen(&setup), 0);
	begin(&setup, "unknown");
	attempts_prefer(&setup.attempts, "0");
	assert_null(setup.attempts.deployment);
}

static void what_only_one_deployment_knows_is_asked_of_no_other(void **state)
{
	struct setup setup;

	(void)state;
	for (int i = 0; i < 20; i++) {
		begin_setup(&setup, 2);
		add(&setup, "m");
		add(&setup, "m");
		begin(&setup, "m");
		attempts_stay(&setup.attempts, "1");
		for (int tries = 0; tries <= setup.config.num_retries; tries++) {
			assert_int_equal(chosen(&setup), 1);
			attempts_next(&setup.attempts, FAILURE_PASSING);
		}
		assert_null(setup.attempts.deployment);
		begin(&setup, "m");
		attempts_stay(&setup.attempts, "1");
		assert_false(attempts_next(&setup.attempts, FAILURE_DEPLOYMENT));
		begin(&setup, "m");
		attempts_stay(&setup.attempts, "gone");
		assert_true(attempts_next(&setup.attempts, FAILURE_PASSING));
		end_setup(&setup);
	}
}

static void one_deployment_alone_has_retries_and_no_fallbacks(void **state)
{
	char *models[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add_even(&setup, "a", 2);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "*", models, 1);
	attempts_only(&setup.attempts, &setup.config, &setup.deployments[1], "a");
	assert_int_equal(chosen(&setup), 1);
	for (int i = 0; i < 2; i++) {
		assert_true(next(&setup, FAILURE_PASSING));
		assert_int_equal(chosen(&setup), 1);
		assert_true(setup.attempts.pause);
	}
	assert_false(next(&setup, FAILURE_PASSING));
	attempts_only(&setup.attempts, &setup.config, &setup.deployments[1], "a");
	assert_false(next(&setup, FAILURE_DEPLOYMENT));
}

static void one_that_cannot_be_called_is_as_good_as_none(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "a")->missing = text("SOME_KEY");
	attempts_only(&setup.attempts, &setup.config, &setup.deployments[0], "a");
	assert_null(setup.attempts.deployment);
	attempts_only(&setup.attempts, &setup.config, NULL, "a");
	assert_null(setup.attempts.deployment);
	assert_false(next(&setup, FAILURE_PASSING));
}

static void a_lower_order_is_asked_first_whatever_the_weights(void **state)
{
	size_t counts[MAX_ROWS];
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m")->weight = 100;
	setup.deployments[0].order = 2;
	add(&setup, "m")->order = 1;
	add(&setup, "m")->order = 1;
	count_draws(&setup, "m", counts);
	assert_int_equal(counts[0], 0);
	assert_about(counts[1], 0.5);
}

static void the_next_order_is_asked_when_all_of_the_lower_one_have_failed(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->order = 2;
	add(&setup, "m")->order = 1;
	add(&setup, "m")->order = 1;
	begin(&setup, "m");
	assert_int_not_equal(chosen(&setup), 0);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_not_equal(chosen(&setup), 0);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 0);
	assert_false(setup.attempts.pause);
	assert_false(next(&setup, FAILURE_PASSING));
}

static void the_next_order_is_asked_while_the_lower_one_rests(void **state)
{
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m")->order = 1;
	add(&setup, "m")->order = 2;
	let_rest(&setup, "0");
	begin(&setup, "m");
	assert_int_equal(chosen(&setup), 1);
	end_setup(&setup);
}

static void a_status_says_who_is_at_fault(void **state)
{
	static const struct {
		long status;
		enum call_failure failure;
	} cases[] = {
	    {0, FAILURE_PASSING},
	    {301, FAILURE_DEPLOYMENT},
	    {400, FAILURE_REQUEST},
	    {401, FAILURE_DEPLOYMENT},
	    {402, FAILURE_REQUEST},
	    {403, FAILURE_DEPLOYMENT},
	    {404, FAILURE_DEPLOYMENT},
	    {405, FAILURE_REQUEST},
	    {408, FAILURE_PASSING},
	    {409, FAILURE_PASSING},
	    {413, FAILURE_REQUEST},
	    {422, FAILURE_REQUEST},
	    {425, FAILURE_PASSING},
	    {429, FAILURE_PASSING},
	    {499, FAILURE_REQUEST},
	    {500, FAILURE_PASSING},
	    {502, FAILURE_PASSING},
	    {503, FAILURE_PASSING},
	    {529, FAILURE_PASSING},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(call_failure_of(cases[i].status), cases[i].failure);
}

static void speak(struct deployment *deployment, enum dialect api)
{
	deployment->has_api = true;
	deployment->api = api;
}

static void who_speaks_another_api_is_not_asked(void **state)
{
	const struct attempts_request request = {
	    .model = "m", .apis = 1u << DIALECT_CHAT | 1u << DIALECT_RESPONSES};
	char *models[] = {text("other")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	speak(add(&setup, "m"), DIALECT_MESSAGES);
	speak(add(&setup, "m"), DIALECT_CHAT);
	speak(add(&setup, "other"), DIALECT_MESSAGES);
	speak(add(&setup, "other"), DIALECT_RESPONSES);
	add_fallback(&setup, "m", models, 1);
	attempts_begin(&setup.attempts, &setup.config, NULL, &request);
	assert_int_equal(chosen(&setup), 1);
	attempts_prefer(&setup.attempts, "0");
	assert_int_equal(chosen(&setup), 1);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 3);
	assert_false(next(&setup, FAILURE_PASSING));
	end_setup(&setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_model_without_deployments_has_nothing_to_call),
	    cmocka_unit_test(what_cannot_be_called_from_here_is_never_chosen),
	    cmocka_unit_test(a_model_that_cannot_be_called_from_here_falls_back_at_once),
	    cmocka_unit_test(every_deployment_is_asked_before_one_is_asked_again),
	    cmocka_unit_test(the_only_deployment_is_asked_again_after_a_pause),
	    cmocka_unit_test(without_retries_a_passing_failure_is_the_end),
	    cmocka_unit_test(a_deployment_may_have_a_number_of_retries_of_its_own),
	    cmocka_unit_test(a_deployments_own_failure_leads_to_each_other_one_without_a_retry),
	    cmocka_unit_test(a_deployment_that_will_not_do_it_is_not_asked_again),
	    cmocka_unit_test(one_that_may_do_better_is_asked_again_when_the_others_will_not_do_it),
	    cmocka_unit_test(the_requests_own_failure_is_the_end),
	    cmocka_unit_test(a_preferred_deployment_is_asked_first_and_counts_as_asked),
	    cmocka_unit_test(a_preference_for_what_is_not_the_models_changes_nothing),
	    cmocka_unit_test(what_only_one_deployment_knows_is_asked_of_no_other),
	    cmocka_unit_test(one_deployment_alone_has_retries_and_no_fallbacks),
	    cmocka_unit_test(one_that_cannot_be_called_is_as_good_as_none),
	    cmocka_unit_test(a_lower_order_is_asked_first_whatever_the_weights),
	    cmocka_unit_test(the_next_order_is_asked_when_all_of_the_lower_one_have_failed),
	    cmocka_unit_test(the_next_order_is_asked_while_the_lower_one_rests),
	    cmocka_unit_test(a_status_says_who_is_at_fault),
	    cmocka_unit_test(who_speaks_another_api_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
