#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/decimal.h"

static void numbers_are_written_as_printf_does(void **state)
{
	static const long long numbers[] = {
	    0, 1, 9, 10, 99, 100, -1, -10, 1234567890123, LLONG_MAX, LLONG_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char expected[32], written[DECIMAL_SIZE];
		int len = snprintf(expected, sizeof(expected), "%lld", numbers[i]);

		assert_int_equal(decimal_write(written, numbers[i]), len);
		assert_string_equal(written, expected);
	}
}

static void numbers_are_appended_to_what_is_there(void **state)
{
	struct buf out = {0};

	(void)state;
	buf_puts(&out, "from ");
	decimal_append(&out, -7);
	buf_puts(&out, " to ");
	decimal_append(&out, LLONG_MAX);
	assert_string_equal(buf_cstr(&out), "from -7 to 9223372036854775807");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_written_as_printf_does),
	    cmocka_unit_test(numbers_are_appended_to_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
