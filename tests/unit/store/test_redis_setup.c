#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/redis_setup.h"

static const enum script two_scripts[] = {SCRIPT_CREATE, SCRIPT_DROP};
static char user[] = "app", password[] = "pw", other_user[] = "watch", other_password[] = "pw2";

static void expect_step(const struct redis_setup *setup, int step, const char *words)
{
	struct redis_args args = {0};
	char said[128] = "";
	int i;

	assert_true(redis_setup_step(setup, step, &args));
	for (i = 0; i < args.count; i++) {
		strcat(said, i == 0 ? "" : " ");
		strncat(said, args.values[i], 20);
	}
	assert_memory_equal(said, words, strlen(words));
}

static void expect_end(const struct redis_setup *setup, int step)
{
	struct redis_args args = {0};

	assert_false(redis_setup_step(setup, step, &args));
	assert_int_equal(args.count, 0);
}

static void a_connection_logs_in_names_itself_selects_and_loads(void **state)
{
	struct redis_config config = {.username = user, .password = password, .db = 3};
	struct redis_setup setup = {&config, "respool-test", false, two_scripts, 2};

	(void)state;
	expect_step(&setup, 0, "AUTH app pw");
	expect_step(&setup, 1, "CLIENT SETNAME respool-test");
	expect_step(&setup, 2, "SELECT 3");
	expect_step(&setup, 3, "SCRIPT LOAD -- Stores a new");
	expect_step(&setup, 4, "SCRIPT LOAD --");
	expect_end(&setup, 5);
}

static void what_is_not_configured_is_left_out(void **state)
{
	struct redis_config config = {.username = user};
	struct redis_setup setup = {&config, "respool-test", false, NULL, 0};

	(void)state;
	expect_step(&setup, 0, "CLIENT SETNAME respool-test");
	expect_end(&setup, 1);
	config.username = NULL;
	config.password = password;
	expect_step(&setup, 0, "AUTH pw");
}

static void a_sentinel_has_its_own_login_and_no_more(void **state)
{
	struct redis_config config = {.username = user,
	    .password = password,
	    .db = 3,
	    .sentinel_username = other_user,
	    .sentinel_password = other_password};
	struct redis_setup setup = {&config, "respool-test", true, two_scripts, 2};

	(void)state;
	expect_step(&setup, 0, "AUTH watch pw2");
	expect_step(&setup, 1, "CLIENT SETNAME respool-test");
	expect_end(&setup, 2);
	config.sentinel_password = NULL;
	expect_step(&setup, 0, "CLIENT SETNAME respool-test");
	expect_end(&setup, 1);
}

static void messages_tell_no_secrets(void **state)
{
	struct redis_config config = {.password = password};
	struct redis_setup setup = {&config, "respool-test", false, two_scripts, 1};
	static const char *const doing[] = {"AUTH", "CLIENT SETNAME", "SCRIPT LOAD"};
	int step;

	(void)state;
	for (step = 0; step < 3; step++) {
		struct redis_args args = {0};

		assert_true(redis_setup_step(&setup, step, &args));
		assert_string_equal(redis_setup_doing(&args), doing[step]);
		assert_int_equal(redis_setup_may_fail(&args), step == 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_connection_logs_in_names_itself_selects_and_loads),
	    cmocka_unit_test(what_is_not_configured_is_left_out),
	    cmocka_unit_test(a_sentinel_has_its_own_login_and_no_more),
	    cmocka_unit_test(messages_tell_no_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
