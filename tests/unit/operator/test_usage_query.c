#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/operator/usage_query.h"

#define NOW 1000000000 /* 2001-09-09 01:46:40 UTC */

static time_t since(const char *text)
{
	time_t found = -1;

	assert_true(usage_since_read(&found, text, NOW));
	return found;
}

static void a_day_is_one_of_utc(void **state)
{
	(void)state;
	assert_int_equal(since("2001-09-09"), 999993600);
	assert_int_equal(since("1970-01-01"), 0);
	assert_int_equal(since("2000-02-29"), 951782400);
}

static void an_age_has_a_unit_or_is_in_seconds(void **state)
{
	static const struct {
		const char *text;
		long seconds;
	} ages[] = {{"3600", 3600}, {"90s", 90}, {"5m", 300}, {"12h", 43200}, {"30d", 2592000},
	    {"2w", 1209600}, {"0", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		assert_int_equal(since(ages[i].text), NOW - ages[i].seconds);
	assert_true(since("9999999999w") < 0);
}

static void what_is_neither_is_refused(void **state)
{
	static const char *const wrong[] = {"", "d", "30 d", "30days", "-30d", "1.5h", "3y",
	    "2001-9-9", "2001-02-29", "2001-13-01", "2001-00-10", "2001-09-00", "2001-09-31",
	    "2001-09-09T00:00:00Z", "01-09-09", "12345678901", "today"};
	time_t found = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(usage_since_read(&found, wrong[i], NOW));
	assert_int_equal(found, 7);
}

static void it_is_summed_up_by_three_things(void **state)
{
	enum usage_by by = USAGE_BY_ALL;

	(void)state;
	assert_false(usage_by_read(&by, "days"));
	assert_false(usage_by_read(&by, ""));
	assert_int_equal(by, USAGE_BY_ALL);
	assert_true(usage_by_read(&by, "tenant"));
	assert_int_equal(by, USAGE_BY_TENANT);
	assert_true(usage_by_read(&by, "model"));
	assert_int_equal(by, USAGE_BY_MODEL);
	assert_true(usage_by_read(&by, "day"));
	assert_int_equal(by, USAGE_BY_DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_day_is_one_of_utc),
	    cmocka_unit_test(an_age_has_a_unit_or_is_in_seconds),
	    cmocka_unit_test(what_is_neither_is_refused),
	    cmocka_unit_test(it_is_summed_up_by_three_things),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
