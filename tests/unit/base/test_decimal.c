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

static void numbers_are_taken_off_the_front(void **state)
{
	struct span text = SPAN("007 12x");
	long long number;

	(void)state;
	assert_true(decimal_take(&text, 3, &number));
	assert_int_equal(number, 7);
	assert_true(span_skip(&text, " "));
	assert_true(decimal_take(&text, DECIMAL_DIGITS, &number));
	assert_int_equal(number, 12);
	assert_true(span_is(text, "x"));
}

static void what_is_no_number_or_too_long_stays(void **state)
{
	static const char *const texts[] = {
	    "", "x", "-1", "+1", " 1", "1234", "9999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct span text = span_of(texts[i]);
		long long number = 5;

		assert_false(decimal_take(&text, 3, &number));
		assert_true(span_is(text, texts[i]));
		assert_int_equal(number, 5);
	}
}

static void a_number_has_up_to_eighteen_digits(void **state)
{
	struct span text = SPAN("999999999999999999"), longer = SPAN("9999999999999999999");
	long long number;

	(void)state;
	assert_true(decimal_take(&text, DECIMAL_DIGITS, &number));
	assert_true(number == 999999999999999999);
	assert_false(decimal_take(&longer, DECIMAL_DIGITS, &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_written_as_printf_does),
	    cmocka_unit_test(numbers_are_appended_to_what_is_there),
	    cmocka_unit_test(numbers_are_taken_off_the_front),
	    cmocka_unit_test(what_is_no_number_or_too_long_stays),
	    cmocka_unit_test(a_number_has_up_to_eighteen_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
