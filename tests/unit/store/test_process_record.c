#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/process_record.h"

static void a_record_says_who_and_where_and_since_when(void **state)
{
	struct store_process process = {.lost = true};

	(void)state;
	process_record_read(
	    &process, SPAN("3 1700000000250 1699999999 4711 0.1.0 house-1.example.com"));
	assert_int_equal(process.streams, 3);
	assert_int_equal(process.beat_at, 1700000000);
	assert_int_equal(process.started_at, 1699999999);
	assert_int_equal(process.pid, 4711);
	assert_string_equal(process.version, "0.1.0");
	assert_string_equal(process.host, "house-1.example.com");
	assert_true(process.lost);
}

static void what_is_missing_is_nothing_and_what_is_long_is_cut(void **state)
{
	struct store_process process = {0};
	char record[200] = "1 2000 3 4 version-that-is-longer-than-any-version-is ";

	(void)state;
	process_record_read(&process, (struct span){0});
	assert_int_equal(process.pid, 0);
	assert_string_equal(process.host, "");
	memset(record + strlen(record), 'h', 100);
	process_record_read(&process, span_of(record));
	assert_int_equal(strlen(process.version), PROCESS_VERSION_SIZE - 1);
	assert_int_equal(strlen(process.host), PROCESS_HOST_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_says_who_and_where_and_since_when),
	    cmocka_unit_test(what_is_missing_is_nothing_and_what_is_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
