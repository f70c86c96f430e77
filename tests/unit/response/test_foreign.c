#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/foreign.h"

#define TEXT "\"text\":\"H\xc3\xa9llo \xf0\x9f\x98\x80 \xe6\x97\xa5\xe6\x9c\xac\""

static void assert_reads(const char *stored, const char *object, enum response_status expected)
{
	enum response_status status;
	struct buf shown = {0};

	assert_true(foreign_read(&shown, &status, span_of(stored)));
	assert_string_equal(buf_cstr(&shown), object);
	assert_int_equal(status, expected);
	buf_free(&shown);
}

static void assert_cancels(const char *old, const char *object, const char *stored)
{
	struct buf shown = {0}, kept = {0};

	assert_true(foreign_cancel(&shown, &kept, span_of(old)));
	assert_string_equal(buf_cstr(&shown), object);
	assert_string_equal(buf_cstr(&kept), stored);
	buf_free(&shown);
	buf_free(&kept);
}

static void objects_are_read_in_both_forms(void **state)
{
	(void)state;
	assert_reads("{\"status\":\"completed\"}", "{\"status\":\"completed\"}", STATUS_COMPLETED);
	assert_reads(
	    "\"{\\\"status\\\":\\\"queued\\\"}\"", "{\"status\":\"queued\"}", STATUS_QUEUED);
	assert_reads("{\"status\":\"odd\"}", "{\"status\":\"odd\"}", STATUS_COUNT);
}

static void characters_beyond_ascii_are_read_as_they_are(void **state)
{
	(void)state;
	assert_reads(
	    "{\"status\":\"failed\"," TEXT "}", "{\"status\":\"failed\"," TEXT "}", STATUS_FAILED);
	assert_reads("\"{\\\"a\\\":\\\"\xc3\xa9\\\"}\"", "{\"a\":\"\xc3\xa9\"}", STATUS_COUNT);
}

static void what_was_cancelled_can_be_read_again(void **state)
{
	static const char cancelled[] = "{\"status\":\"cancelled\"," TEXT "}";

	(void)state;
	assert_cancels("{\"status\":\"in_progress\"," TEXT "}", cancelled, cancelled);
	assert_reads(cancelled, cancelled, STATUS_CANCELLED);
	assert_cancels("\"{\\\"status\\\":\\\"queued\\\",\\\"a\\\":\\\"\xc3\xa9\\\"}\"",
	    "{\"status\":\"cancelled\",\"a\":\"\xc3\xa9\"}",
	    "\"{\\\"status\\\":\\\"cancelled\\\",\\\"a\\\":\\\"\xc3\xa9\\\"}\"");
}

static void what_is_no_json_object_is_refused(void **state)
{
	static const char *const refused[] = {"", "null", "1", "[]", "\"text\"", "\"[]\"", "{",
	    "{}x", "{\"a\":1,}", "{'a':1}", "{\"a\":NaN}", "{\"a\":\"\t\"}", "{/**/}",
	    "\"\\\"{}\\\"\"", "\"{}x\""};
	enum response_status status;
	struct buf shown = {0}, kept = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_false(foreign_read(&shown, &status, span_of(refused[i])));
		assert_false(foreign_cancel(&shown, &kept, span_of(refused[i])));
	}
	assert_int_equal(shown.len, 0);
	buf_free(&shown);
	buf_free(&kept);
}

static void bytes_that_are_no_utf8_are_kept(void **state)
{
	(void)state;
	assert_reads("{\"status\":\"queued\",\"a\":\"\xff\"}",
	    "{\"status\":\"queued\",\"a\":\"\xff\"}", STATUS_QUEUED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(objects_are_read_in_both_forms),
	    cmocka_unit_test(characters_beyond_ascii_are_read_as_they_are),
	    cmocka_unit_test(what_was_cancelled_can_be_read_again),
	    cmocka_unit_test(what_is_no_json_object_is_refused),
	    cmocka_unit_test(bytes_that_are_no_utf8_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
