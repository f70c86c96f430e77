#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "common/store/redis_text.h"

static void expect_text(struct buf *text, const char *expected)
{
	assert_string_equal(buf_cstr(text), expected);
	buf_free(text);
}

static void arguments_have_their_lengths_in_front(void **state)
{
	struct buf text = {0};

	(void)state;
	redis_text_begin(&text, 4);
	redis_text_argument(&text, SPAN("SET"));
	redis_text_argument(&text, SPAN("a key\r\n"));
	redis_text_argument(&text, (struct span){0});
	redis_text_number(&text, -12);
	expect_text(&text, "*4\r\n$3\r\nSET\r\n$7\r\na key\r\n\r\n$0\r\n\r\n$3\r\n-12\r\n");
}

static void arguments_may_have_any_bytes(void **state)
{
	struct buf text = {0};

	(void)state;
	redis_text_argument(&text, (struct span){"a\0b", 3});
	assert_int_equal(text.len, 9);
	assert_memory_equal(text.data, "$3\r\na\0b\r\n", 9);
	buf_free(&text);
}

static void a_command_is_written_as_hiredis_writes_it(void **state)
{
	struct redis_args args = {0};
	struct buf text = {0};
	char long_value[5000], *expected;
	int len;

	(void)state;
	memset(long_value, 'x', sizeof(long_value));
	redis_args_script(&args, SCRIPT_DROP, 1);
	redis_args_add(&args, "");
	redis_args_add_span(&args, (struct span){long_value, sizeof(long_value)});
	redis_args_add_number(&args, 1234567890123);
	while (args.count < REDIS_ARGS_MAX)
		redis_args_add(&args, "more");
	len =
	    redisFormatCommandArgv(&expected, args.count, (const char **)args.values, args.lengths);
	redis_text_command(&text, &args);
	assert_int_equal(text.len, len);
	/* With the NUL that hiredis has behind it. */
	assert_memory_equal(text.data, expected, text.len + 1);
	redisFreeCommand(expected);
	buf_free(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arguments_have_their_lengths_in_front),
	    cmocka_unit_test(arguments_may_have_any_bytes),
	    cmocka_unit_test(a_command_is_written_as_hiredis_writes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
