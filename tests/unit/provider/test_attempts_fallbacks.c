#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attempts_setup.h"

/* The models that are asked, in order, when each call fails like this, one letter for each. */
static const char *models_asked(struct setup *setup, const char *model, enum call_failure failure)
{
	static char models[32];
	size_t len = 0;

	for (begin(setup, model); setup->attempts.deployment != NULL; next(setup, failure)) {
		assert_true(len < sizeof(models) - 1);
		models[len++] = setup->attempts.model[0];
	}
	models[len] = '\0';
	return models;
}

static void fallbacks_follow_in_order_each_with_its_retries(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_even(&setup, "c", 3);
	add_fallback(&setup, "a", models, 2);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "aabbcc");
	assert_string_equal(models_asked(&setup, "a", FAILURE_DEPLOYMENT), "abccc");
	assert_string_equal(models_asked(&setup, "b", FAILURE_PASSING), "bb");
}

static void a_fallback_begins_without_a_pause_and_counts_its_own_tries(void **state)
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
	assert_true(setup.attempts.pause);
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "b");
	assert_false(setup.attempts.pause);
	assert_int_equal(setup.attempts.tries, 1);
}

static void a_models_own_fallbacks_win_over_those_for_any(void **state)
{
	char *any[] = {text("c")}, *own[] = {text("b")}, *lowest[] = {text("b")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_even(&setup, "c", 1);
	add_fallback(&setup, "*", any, 1);
	add_fallback(&setup, "a", own, 1);
	add_fallback(&setup, "*", lowest, 1);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ab");
	assert_string_equal(models_asked(&setup, "b", FAILURE_PASSING), "bc");
}

static void the_provider_need_not_stand_before_a_model_that_has_fallbacks(void **state)
{
	char *own[] = {text("b")}, *any[] = {text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "openai/*");
	add(&setup, "b");
	add(&setup, "c");
	add_fallback(&setup, "*", any, COUNT(any));
	add_fallback(&setup, "gpt/5", own, COUNT(own));
	begin(&setup, "openai/gpt/5");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "b");
	begin(&setup, "openai/other");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "c");
	add(&setup, "nobody/gpt/5");
	begin(&setup, "nobody/gpt/5");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "c");
}

static void fallbacks_make_no_circle(void **state)
{
	char *to_b[] = {text("b"), text("a")}, *to_a[] = {text("a")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add_even(&setup, "a", 1);
	add_even(&setup, "b", 1);
	add_fallback(&setup, "a", to_b, 2);
	add_fallback(&setup, "b", to_a, 1);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ab");
	assert_string_equal(models_asked(&setup, "b", FAILURE_DEPLOYMENT), "ba");
}

static void a_fallback_that_cannot_be_called_is_passed_over(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "a");
	add(&setup, "b")->missing = text("SOME_KEY");
	add(&setup, "c");
	add_fallback(&setup, "a", models, 2);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ac");
}

static void what_is_too_long_or_refused_has_fallbacks_of_its_own(void **state)
{
	char *longer[] = {text("longer")}, *freer[] = {text("freer")}, *other[] = {text("other")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "m");
	add(&setup, "longer");
	add(&setup, "freer");
	add(&setup, "other");
	add_fallback(&setup, "m", other, COUNT(other));
	add_fallback_on(&setup, FALLBACK_ON_CONTEXT_WINDOW, "m", longer, COUNT(longer));
	add_fallback_on(&setup, FALLBACK_ON_CONTENT_POLICY, "*", freer, COUNT(freer));
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_CONTEXT_WINDOW));
	assert_string_equal(setup.attempts.model, "longer");
	assert_false(next(&setup, FAILURE_CONTEXT_WINDOW));
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_CONTENT_POLICY));
	assert_string_equal(setup.attempts.model, "freer");
	begin(&setup, "longer");
	assert_false(next(&setup, FAILURE_CONTEXT_WINDOW));
}

static void without_such_fallbacks_the_general_ones_serve(void **state)
{
	char *other[] = {text("other")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 2);
	add(&setup, "m");
	add(&setup, "other");
	add_fallback(&setup, "m", other, COUNT(other));
	begin(&setup, "m");
	assert_true(next(&setup, FAILURE_CONTEXT_WINDOW));
	assert_string_equal(setup.attempts.model, "other");
	begin(&setup, "m");
	assert_false(next(&setup, FAILURE_REQUEST));
}

static void an_alias_stands_for_its_model_also_in_fallbacks(void **state)
{
	struct model_alias aliases[] = {
	    {text("short"), text("m"), false}, {text("spare"), text("other"), false}};
	char *spare[] = {text("spare")}, *others[] = {text("unknown"), text("last")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	setup.config.aliases = aliases;
	setup.config.alias_count = COUNT(aliases);
	add(&setup, "m");
	add(&setup, "other");
	add(&setup, "last");
	add_fallback(&setup, "m", others, COUNT(others));
	begin(&setup, "short");
	assert_string_equal(setup.attempts.model, "m");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "last");
	add_fallback(&setup, "short", spare, COUNT(spare));
	begin(&setup, "short");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "other");
}

static void a_fallback_may_be_one_deployment_by_its_id(void **state)
{
	char *models[] = {text("that-one")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "m");
	add(&setup, "m")->litellm_id = text("that-one");
	setup.deployments[1].order = 1;
	setup.deployments[0].missing = text("KEY");
	add(&setup, "last");
	add_fallback(&setup, "last", models, COUNT(models));
	begin(&setup, "last");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_int_equal(chosen(&setup), 1);
	assert_string_equal(setup.attempts.model, "m");
	assert_false(next(&setup, FAILURE_PASSING));
}

static void a_request_brings_its_own_fallbacks_and_retries(void **state)
{
	static const char *const bodies[] = {
	    "{\"fallbacks\":[\"unknown\",\"b\",{\"model\":\"c\",\"input\":[1]}]}",
	    "{\"fallbacks\":[{\"x\":[\"a\"]},{\"a\":[\"b\",{\"model\":\"c\"}]},{\"*\":[\"a\"]}]}",
	    "{\"fallbacks\":[{\"*\":[\"b\",\"c\"]}]}",
	};
	char *configured[] = {text("d")};
	struct setup setup;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		begin_setup(&setup, 0);
		for (const char *p = "a\0b\0c\0d\0"; *p != '\0'; p += 2)
			add(&setup, p);
		add_fallback(&setup, "a", configured, COUNT(configured));
		begin_obeying(&setup, "a", bodies[i]);
		assert_true(next(&setup, FAILURE_PASSING));
		assert_string_equal(setup.attempts.model, "b");
		assert_true(next(&setup, FAILURE_PASSING));
		assert_string_equal(setup.attempts.model, "c");
		assert_false(next(&setup, FAILURE_PASSING));
		attempts_close(&setup.attempts);
	}
	begin_obeying(&setup, "a", "{\"num_retries\":1,\"disable_fallbacks\":true}");
	assert_true(next(&setup, FAILURE_PASSING));
	assert_string_equal(setup.attempts.model, "a");
	assert_false(next(&setup, FAILURE_PASSING));
	attempts_close(&setup.attempts);
	begin_obeying(&setup, "a", "{\"context_window_fallbacks\":[\"c\"],\"fallbacks\":[]}");
	assert_false(next(&setup, FAILURE_PASSING));
	attempts_close(&setup.attempts);
	begin_obeying(&setup, "a", "{\"context_window_fallbacks\":[\"c\"]}");
	assert_true(next(&setup, FAILURE_CONTEXT_WINDOW));
	assert_string_equal(setup.attempts.model, "c");
	attempts_close(&setup.attempts);
}

static void a_fallback_may_be_served_by_a_pattern(void **state)
{
	char *models[] = {text("x/y")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 0);
	add(&setup, "a");
	add(&setup, "x/*");
	add_fallback(&setup, "a", models, 1);
	assert_string_equal(models_asked(&setup, "a", FAILURE_PASSING), "ax");
	assert_string_equal(setup.attempts.model, "x/y");
}

static void what_only_a_fallbacks_deployment_knows_is_asked_of_that_alone(void **state)
{
	char *models[] = {text("b"), text("c")};
	struct setup setup;

	(void)state;
	begin_setup(&setup, 1);
	add_even(&setup, "a", 2);
	add(&setup, "b");
	add_even(&setup, "c", 2);
	add_fallback(&setup, "a", models, 2);
	for (int i = 0; i < 20; i++) {
		begin(&setup, "a");
		attempts_stay(&setup.attempts, "4");
		assert_string_equal(setup.attempts.deployment->id, "4");
		assert_string_equal(setup.attempts.model, "c");
		assert_true(attempts_next(&setup.attempts, FAILURE_PASSING));
		assert_string_equal(setup.attempts.deployment->id, "4");
		assert_false(attempts_next(&setup.attempts, FAILURE_PASSING));
	}
	begin(&setup, "b");
	attempts_stay(&setup.attempts, "4");
	assert_string_equal(setup.attempts.deployment->id, "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fallbacks_follow_in_order_each_with_its_retries),
	    cmocka_unit_test(a_fallback_begins_without_a_pause_and_counts_its_own_tries),
	    cmocka_unit_test(a_models_own_fallbacks_win_over_those_for_any),
	    cmocka_unit_test(the_provider_need_not_stand_before_a_model_that_has_fallbacks),
	    cmocka_unit_test(fallbacks_make_no_circle),
	    cmocka_unit_test(a_fallback_that_cannot_be_called_is_passed_over),
	    cmocka_unit_test(what_is_too_long_or_refused_has_fallbacks_of_its_own),
	    cmocka_unit_test(without_such_fallbacks_the_general_ones_serve),
	    cmocka_unit_test(an_alias_stands_for_its_model_also_in_fallbacks),
	    cmocka_unit_test(a_fallback_may_be_one_deployment_by_its_id),
	    cmocka_unit_test(a_request_brings_its_own_fallbacks_and_retries),
	    cmocka_unit_test(a_fallback_may_be_served_by_a_pattern),
	    cmocka_unit_test(what_only_a_fallbacks_deployment_knows_is_asked_of_that_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
