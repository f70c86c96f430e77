#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "app/ctl/age.h"

static void an_age_is_told_by_its_two_largest_units(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {{0, "0s"}, {-5, "0s"}, {0.04, "0s"}, {0.45, "0.4s"}, {9.99, "9.9s"},
	    {12.7, "12s"}, {59.9, "59s"}, {60, "1m00s"}, {192, "3m12s"}, {3599, "59m59s"},
	    {7500, "2h05m"}, {86399, "23h59m"}, {4 * 86400 + 3 * 3600, "4d03h"},
	    {1e300, "11574074074d01h"}};
	char age[AGE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		age_write(age, cases[i].seconds);
		assert_string_equal(age, cases[i].text);
	}
}

static void a_moment_is_told_in_local_time(void **state)
{
	char moment[MOMENT_SIZE];

	(void)state;
	setenv("TZ", "XYZ-2", 1);
	tzset();
	moment_write(moment, 1000000000);
	assert_string_equal(moment, "2001-09-09 03:46:40");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_age_is_told_by_its_two_largest_units),
	    cmocka_unit_test(a_moment_is_told_in_local_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
