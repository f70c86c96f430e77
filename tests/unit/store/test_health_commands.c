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

/* Takes a reply with one deployment in each list; NULL for none. */
static void take(struct setup *setup, const char *resting, const char *failed)
{
	redisReply names[2] = {{.type = REDIS_REPLY_STRING}, {.type = REDIS_REPLY_STRING}};
	redisReply *elements[2] = {&names[0], &names[1]};
	redisReply lists[2] = {{.type = REDIS_REPLY_ARRAY}, {.type = REDIS_REPLY_ARRAY}};
	redisReply *both[2] = {&lists[0], &lists[1]};
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = both};
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
	redisReply *both[] = {&list, &number};
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = both};
	struct setup *setup = *state;

	health_take(&setup->health, &reply);
	assert_nothing_is_known(setup);
}

static void the_commands_name_keys_of_one_slot_and_no_secret(void **state)
{
	struct setup *setup = *state;
	struct redis_args read = {0}, report = {0};
	struct key_space space;
	const char *const expected[] = {"EVALSHA", script_sha(SCRIPT_REPORT), "2", space.failures,
	    space.resting, "b", "1", "3", "2500"};

	key_space_init(&space, NULL);
	health_read_args(&read, &space);
	assert_int_equal(read.count, 5);
	assert_string_equal(read.values[1], script_sha(SCRIPT_HEALTH));
	setup->deployments[1].api_key = text("sk-secret");
	health_report_args(&report, &space, &setup->config, &setup->deployments[1], true);
	assert_int_equal(report.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(report.values[i], expected[i]);
	assert_non_null(strstr(space.failures, "{deployments}"));
	assert_non_null(strstr(space.resting, "{deployments}"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_health, close_health)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_reply_says_who_rests_and_whose_success_is_news),
	    TEST(a_deployment_that_is_not_configured_does_not_matter),
	    TEST(an_error_makes_what_was_known_forgotten),
	    TEST(elements_of_other_types_are_passed_over),
	    TEST(the_commands_name_keys_of_one_slot_and_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
