#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/iso_time.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_date_is_over_when_the_next_day_begins(void **state)
{
	static const struct {
		const char *text;
		const char *end;
	} cases[] = {
	    {"2026-12-31", "2027-01-01T00:00:00Z"},
	    {"2026-02-28", "2026-03-01T00:00:00Z"},
	    {"2028-02-29", "2028-03-01T00:00:00Z"},
	    {"2000-02-29", "2000-03-01T00:00:00Z"},
	    {"1970-01-01", "1970-01-02T00:00:00Z"},
	    {"9999-12-30", "9999-12-31T00:00:00Z"},
	};
	char written[ISO_TIME_SIZE];
	long long end;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(iso_time_end(cases[i].text, &end));
		iso_time_write(written, end);
		assert_string_equal(written, cases[i].end);
	}
}

static void a_time_is_over_at_once(void **state)
{
	static const struct {
		const char *text;
		long long end;
	} cases[] = {
	    {"2026-12-31T23:59:59Z", 1798761599},
	    {"2026-12-31t23:59:59z", 1798761599},
	    {"2026-12-31T23:59:59", 1798761599},
	    {"2026-12-31 23:59:59Z", 1798761599},
	    {"2026-12-31T23:59:59.999999Z", 1798761599},
	    {"2026-12-31T23:59:59,5Z", 1798761599},
	    {"2026-12-31T23:59:60Z", 1798761600},
	    {"2026-12-31T23:59Z", 1798761540},
	    {"2027-01-01T01:59:59+02:00", 1798761599},
	    {"2026-12-31T18:29:59-0530", 1798761599},
	    {"2026-12-31T18:59:59-05", 1798761599},
	    {"1970-01-01T00:00:00+01:00", -3600},
	};
	long long end;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(iso_time_end(cases[i].text, &end));
		assert_int_equal(end, cases[i].end);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "tomorrow",
	    "2026",
	    "2026-12",
	    "2026-1-1",
	    "20261231",
	    "31.12.2026",
	    "2026-13-01",
	    "2026-00-01",
	    "2026-01-00",
	    "2026-04-31",
	    "2026-02-29",
	    "2100-02-29",
	    "1969-12-31",
	    "2026-12-31 ",
	    "2026-12-31T",
	    "2026-12-31Z",
	    "2026-12-31T23:59:",
	    "2026-12-31T24:00:00Z",
	    "2026-12-31T23:60:00Z",
	    "2026-12-31T23:59:61Z",
	    "2026-12-31T23:59:59.Z",
	    "2026-12-31T23:59:59Zulu",
	    "2026-12-31T23:59:59+",
	    "2026-12-31T23:59:59+5",
	    "2026-12-31T23:59:59+05:",
	    "2026-12-31T23:59:59+24:00",
	    "2026-12-31T23:59:59+05:60",
	    "2026-12-31T23:59:59+05:00:00",
	    "2026-12-31T23Z",
	    "2026-12-31T23",
	    "+026-12-31",
	};
	long long end;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (iso_time_end(texts[i], &end))
			fail_msg("\"%s\" was taken for %lld", texts[i], end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_date_is_over_when_the_next_day_begins),
	    cmocka_unit_test(a_time_is_over_at_once),
	    cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
