#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/redis_args.h"

static void expect_key(const struct redis_args *args, const char *key)
{
	struct span span = redis_args_key(args);

	assert_int_equal(span.len, strlen(key));
	assert_memory_equal(span.p != NULL ? span.p : "", key, span.len);
}

static void the_key_of_a_command_is_its_first_argument(void **state)
{
	struct redis_args args = {0};

	(void)state;
	redis_args_add(&args, "HMGET");
	redis_args_add(&args, "k");
	redis_args_add(&args, "field");
	expect_key(&args, "k");
}

static void the_key_of_a_script_is_the_first_of_its_keys(void **state)
{
	struct redis_args args = {0};

	(void)state;
	redis_args_script(&args, SCRIPT_DROP, 2);
	expect_key(&args, "");
	redis_args_add(&args, "first");
	redis_args_add(&args, "second");
	expect_key(&args, "first");
}

static void a_command_alone_has_none(void **state)
{
	struct redis_args args = {0};

	(void)state;
	redis_args_add(&args, "PING");
	expect_key(&args, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_key_of_a_command_is_its_first_argument),
	    cmocka_unit_test(the_key_of_a_script_is_the_first_of_its_keys),
	    cmocka_unit_test(a_command_alone_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
