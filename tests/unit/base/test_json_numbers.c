#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/json.h"

static void json_integer_takes_what_fits_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		long long value;
	} good[] = {{"0", 0}, {"-0", 0}, {"7", 7}, {"-12", -12}, {"9223372036854775807", LLONG_MAX},
	    {"-9223372036854775808", LLONG_MIN}};
	static const char *const bad[] = {"9223372036854775808", "-9223372036854775809",
	    "18446744073709551616", "99999999999999999999999", "1.0", "1e2", "1E2", "-1.5", "\"1\"",
	    "null", "true", "[1]", ""};
	long long n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(json_integer(span_of(good[i].text), &n));
		assert_true(n == good[i].value);
	}
	n = 42;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(json_integer(span_of(bad[i]), &n));
	assert_true(n == 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_integer_takes_what_fits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
