#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/health_commands.h"
#include "common/store/keys.h"
#include "tests/unit/two_deployments.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Takes a reply with one deployment in each list, NULL for none, and nobody who is limited. */
static void take(struct setup *setup, const char *resting, const char *failed)
{
	redisReply names[2] = {{.type = REDIS_REPLY_STRING}, {.type = REDIS_REPLY_STRING}};
	redisReply *elements[2] = {&names[0], &names[1]};
	redisReply lists[3] = {
	    {.type = REDIS_REPLY_ARRAY}, {.type = REDIS_REPLY_ARRAY}, {.type = REDIS_REPLY_ARRAY}};
	redisReply *all[3] = {&lists[0], &lists[1], &lists[2]};
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 3, .element = all};
	const char *ids[2] = {resting, failed};

	for (size_t i = 0; i < 2; i++) {
		lists[i].element = &elements[i];
		lists[i].elements = ids[i] != NULL;
		names[i].str = ids[i] != NULL ? text(ids[i]) : NULL;
		names[i].len = ids[i] != NULL ? strlen(ids[i]) : 0;
	}
	health_take(&setup->health, &reply);
}

static void assert_nothing_is_known(struct setup *setup)
{
	for (size_t i = 0; i < 2; i++) {
		assert_false(health_rests(&setup->health, &setup->deployments[i]));
		assert_true(health_is_news(&setup->health, &setup->deployments[i], true));
		assert_false(health_is_news(&setup->health, &setup->deployments[i], false));
	}
}

static void a_reply_says_who_rests_and_whose_success_is_news(void **state)
{
	struct setup *setup = *state;

	take(setup, "a", "b");
	assert_true(health_rests(&setup->health, &setup->deployments[0]));
	assert_false(health_rests(&setup->health, &setup->deployments[1]));
	assert_false(health_is_news(&setup->health, &setup->deployments[0], false));
	assert_true(health_is_news(&setup->health, &setup->deployments[1], false));
	take(setup, NULL, "a");
	assert_false(health_rests(&setup->health, &setup->deployments[0]));
	assert_true(health_is_news(&setup->health, &setup->deployments[0], false));
	assert_false(health_is_news(&setup->health, &setup->deployments[1], false));
}

/* Takes a reply that says of one deployment alone for how long it is limited. */
static void take_limit(struct setup *setup, const char *limited, long long ms)
{
	redisReply id = {.type = REDIS_REPLY_STRING, .str = text(limited), .len = strlen(limited)};
	redisReply left = {.type = REDIS_REPLY_INTEGER, .integer = ms};
	redisReply *pair[] = {&id, &left};
	redisReply none = {.type = REDIS_REPLY_ARRAY};
	redisReply limits = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = pair};
	redisReply *all[] = {&none, &none, &limits};
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 3, .element = all};

	health_take(&setup->health, &reply);
}

static void a_reply_says_who_is_limited_and_for_how_long(void **state)
{
	struct setup *setup = *state;
	long long left;

	take_limit(setup, "b", 100000);
	take_limit(setup, "gone", 100000);
	assert_int_equal(health_limited_ms(&setup->health, &setup->deployments[0]), 0);
	left = health_limited_ms(&setup->health, &setup->deployments[1]);
	assert_in_range(left, 90000, 100000);
}

static void a_deployment_that_is_not_configured_does_not_matter(void **state)
{
	struct setup *setup = *state;

	take(setup, "gone", "gone");
	assert_nothing_is_known(setup);
}

static void an_error_makes_what_was_known_forgotten(void **state)
{
	static const int types[] = {
	    REDIS_REPLY_ERROR, REDIS_REPLY_NIL, REDIS_REPLY_INTEGER, REDIS_REPLY_ARRAY};
	struct setup *setup = *state;

	for (size_t i = 0; i < COUNT(types); i++) {
		redisReply reply = {.type = types[i]};

		take(setup, "a", "b");
		health_take(&setup->health, &reply);
		assert_nothing_is_known(setup);
	}
	take(setup, "a", "b");
	health_take(&setup->health, NULL);
	assert_nothing_is_known(setup);
}

static void elements_of_other_types_are_passed_over(void **state)
{
	redisReply number = {.type = REDIS_REPLY_INTEGER, .integer = 1};
	redisReply *numbers[] = {&number};
	redisReply list = {.type = REDIS_REPLY_ARRAY, .elements = 1, .element = numbers};
	redisReply *pair[] = {&number, &list};
	redisReply limits = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = pair};
	redisReply *all[] = {&list, &number, &limits};
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 3, .element = all};
	struct setup *setup = *state;

	health_take(&setup->health, &reply);
	assert_nothing_is_known(setup);
}

static void the_commands_name_keys_of_one_slot_and_no_secret(void **state)
{
	struct setup *setup = *state;
	struct redis_args read = {0}, report = {0};
	struct key_space space;
	const char *const expected[] = {"EVALSHA", script_sha(SCRIPT_REPORT), "3", space.failures,
	    space.resting, space.limited, "b", "1", "3", "2500", "4000"};

	key_space_init(&space, NULL);
	health_read_args(&read, &space);
	assert_int_equal(read.count, 6);
	assert_string_equal(read.values[1], script_sha(SCRIPT_HEALTH));
	setup->deployments[1].api_key = text("sk-secret");
	health_report_args(&report, &space, &setup->config, &setup->deployments[1], true, 4000);
	assert_int_equal(report.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(report.values[i], expected[i]);
	assert_non_null(strstr(space.failures, "{deployments}"));
	assert_non_null(strstr(space.resting, "{deployments}"));
	assert_non_null(strstr(space.limited, "{deployments}"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_health, close_health)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_reply_says_who_rests_and_whose_success_is_news),
	    TEST(a_reply_says_who_is_limited_and_for_how_long),
	    TEST(a_deployment_that_is_not_configured_does_not_matter),
	    TEST(an_error_makes_what_was_known_forgotten),
	    TEST(elements_of_other_types_are_passed_over),
	    TEST(the_commands_name_keys_of_one_slot_and_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
