#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/health.h"
#include "tests/unit/two_deployments.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void nothing_is_known_at_first(void **state)
{
	struct setup *setup = *state;

	for (size_t i = 0; i < 2; i++) {
		assert_false(health_rests(&setup->health, &setup->deployments[i]));
		assert_true(health_is_news(&setup->health, &setup->deployments[i], true));
		assert_false(health_is_news(&setup->health, &setup->deployments[i], false));
	}
}

static void what_is_noted_of_one_says_nothing_of_another(void **state)
{
	struct setup *setup = *state;

	health_note_rest(&setup->health, SPAN("a"));
	health_note_failed(&setup->health, SPAN("b"));
	assert_true(health_rests(&setup->health, &setup->deployments[0]));
	assert_false(health_rests(&setup->health, &setup->deployments[1]));
	assert_false(health_is_news(&setup->health, &setup->deployments[0], false));
	assert_true(health_is_news(&setup->health, &setup->deployments[1], false));
}

static void one_deployment_can_rest_and_have_failed(void **state)
{
	struct setup *setup = *state;

	health_note_failed(&setup->health, SPAN("a"));
	health_note_rest(&setup->health, SPAN("a"));
	assert_true(health_rests(&setup->health, &setup->deployments[0]));
	assert_true(health_is_news(&setup->health, &setup->deployments[0], false));
}

static void what_is_forgotten_is_known_no_more(void **state)
{
	struct setup *setup = *state;

	health_note_rest(&setup->health, SPAN("a"));
	health_note_failed(&setup->health, SPAN("b"));
	health_forget(&setup->health);
	nothing_is_known_at_first(state);
}

static void a_deployment_that_is_not_configured_does_not_matter(void **state)
{
	struct setup *setup = *state;

	health_note_rest(&setup->health, SPAN("gone"));
	health_note_failed(&setup->health, SPAN("gone"));
	nothing_is_known_at_first(state);
}

static long long limited(const struct setup *setup, size_t i)
{
	return health_limited_ms(&setup->health, &setup->deployments[i]);
}

static void a_limit_is_that_of_one_and_no_rest_after_failures(void **state)
{
	struct setup *setup = *state;

	assert_int_equal(limited(setup, 0), 0);
	health_note_limit(&setup->health, SPAN("a"), 60000);
	assert_in_range(limited(setup, 0), 50000, 60000);
	assert_int_equal(limited(setup, 1), 0);
	assert_false(health_rests(&setup->health, &setup->deployments[0]));
	assert_false(health_is_news(&setup->health, &setup->deployments[0], false));
}

static void the_later_end_of_a_limit_holds(void **state)
{
	struct setup *setup = *state;

	health_note_limit(&setup->health, SPAN("a"), 60000);
	health_note_limit(&setup->health, SPAN("a"), 1000);
	assert_in_range(limited(setup, 0), 50000, 60000);
	health_note_limit(&setup->health, SPAN("a"), 120000);
	assert_in_range(limited(setup, 0), 110000, 120000);
	health_note_limit(&setup->health, SPAN("a"), 0);
	health_note_limit(&setup->health, SPAN("gone"), 1000);
	assert_in_range(limited(setup, 0), 110000, 120000);
}

static void a_limit_ends_by_itself_and_outlives_that_redis_is_away(void **state)
{
	struct setup *setup = *state;

	health_note_limit(&setup->health, SPAN("a"), 60000);
	health_note_limit(&setup->health, SPAN("b"), 1);
	health_forget(&setup->health);
	assert_in_range(limited(setup, 0), 50000, 60000);
	while (limited(setup, 1) > 0)
		;
}

static void no_limit_is_longer_than_an_hour(void **state)
{
	struct setup *setup = *state;

	health_note_limit(&setup->health, SPAN("a"), INT64_MAX);
	assert_in_range(
	    limited(setup, 0), HEALTH_LONGEST_LIMIT_MS - 10000, HEALTH_LONGEST_LIMIT_MS);
}

static void health_matters_where_there_is_a_choice(void **state)
{
	struct setup *setup = *state;

	assert_true(health_matters(&setup->config));
	setup->config.deployment_count = 1;
	assert_false(health_matters(&setup->config));
}

static void the_deployments_failures_are_told_from_the_requests(void **state)
{
	static const long failures[] = {0, 401, 403, 404, 408, 429, 500, 502, 503, 529};
	static const long others[] = {200, 202, 204, 301, 400, 402, 405, 409, 413, 422, 425};

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++)
		assert_true(health_is_failure(failures[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(health_is_failure(others[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_health, close_health)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_is_known_at_first),
	    TEST(what_is_noted_of_one_says_nothing_of_another),
	    TEST(one_deployment_can_rest_and_have_failed),
	    TEST(what_is_forgotten_is_known_no_more),
	    TEST(a_deployment_that_is_not_configured_does_not_matter),
	    TEST(a_limit_is_that_of_one_and_no_rest_after_failures),
	    TEST(the_later_end_of_a_limit_holds),
	    TEST(a_limit_ends_by_itself_and_outlives_that_redis_is_away),
	    TEST(no_limit_is_longer_than_an_hour),
	    TEST(health_matters_where_there_is_a_choice),
	    TEST(the_deployments_failures_are_told_from_the_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
