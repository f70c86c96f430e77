#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/delivery_line.h"

#define RESPONSE  "litellm_poll_6d5bb9a0-6a1e-4a86-8b0e-3d6f2e1f7c11"
#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void a_line_is_taken_apart(void **state)
{
	struct delivery_line line;

	(void)state;
	assert_true(delivery_line_read(
	    &line, SPAN("hooks.example-1a " RESPONSE " incomplete 1700000000001 1700003600002"
			" 1700000005003 2 3 1700000000004 it has answered 500")));
	assert_string_equal(line.endpoint, "hooks.example-1a");
	assert_string_equal(line.response, RESPONSE);
	assert_int_equal(line.how, STATUS_INCOMPLETE);
	assert_true(line.ended_at == 1700000000001);
	assert_true(line.gone_at == 1700003600002);
	assert_true(line.due_at == 1700000005003);
	assert_int_equal(line.tries, 2);
	assert_int_equal(line.claims, 3);
	assert_true(line.tried_at == 1700000000004);
	assert_true(span_is(line.why, "it has answered 500"));
}

static void nothing_is_said_of_one_that_was_not_tried(void **state)
{
	struct delivery_line line;

	(void)state;
	assert_true(delivery_line_read(&line, SPAN("a " RESPONSE " failed 1 2 3 0 0 0 ")));
	assert_int_equal(line.tries, 0);
	assert_int_equal(line.tried_at, 0);
	assert_int_equal(line.why.len, 0);
}

static void an_endpoint_s_name_may_have_its_full_length(void **state)
{
	struct delivery_line line;

	(void)state;
	assert_true(delivery_line_read(&line, SPAN(LONG_NAME " " RESPONSE " failed 1 2 3 0 0 0 ")));
	assert_string_equal(line.endpoint, LONG_NAME);
}

static void what_is_no_such_line_is_refused(void **state)
{
	static const char *const others[] = {
	    "",
	    " ",
	    "a",
	    "a " RESPONSE " failed 1 2 3 0 0 0",
	    " " RESPONSE " failed 1 2 3 0 0 0 ",
	    LONG_NAME "a " RESPONSE " failed 1 2 3 0 0 0 ",
	    "a\x1b " RESPONSE " failed 1 2 3 0 0 0 ",
	    "a resp_1 failed 1 2 3 0 0 0 ",
	    "a " RESPONSE " queued 1 2 3 0 0 0 ",
	    "a " RESPONSE " deleted 1 2 3 0 0 0 ",
	    "a " RESPONSE " failed -1 2 3 0 0 0 ",
	    "a " RESPONSE " failed 1.5 2 3 0 0 0 ",
	    "a " RESPONSE " failed 1 1e+14 3 0 0 0 ",
	    "a " RESPONSE " failed 1 2 1234567890123456 0 0 0 ",
	    "a " RESPONSE " failed 1 2  0 0 0 ",
	};
	struct delivery_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(delivery_line_read(&line, span_of(others[i])));
	assert_false(delivery_line_read(&line, (struct span){0}));
	assert_false(delivery_line_read(&line, SPAN("a\0 " RESPONSE " failed 1 2 3 0 0 0 ")));
}

static void an_id_is_a_prefix_and_32_digits(void **state)
{
	char id[DELIVERY_ID_SIZE];

	(void)state;
	assert_true(delivery_id_copy(id, SPAN("wh_0123456789abcdef0123456789abcdef")));
	assert_string_equal(id, "wh_0123456789abcdef0123456789abcdef");
	assert_false(delivery_id_copy(id, SPAN("")));
	assert_false(delivery_id_copy(id, SPAN("wh_0123456789abcdef0123456789abcde")));
	assert_false(delivery_id_copy(id, SPAN("wh_0123456789abcdef0123456789abcdef0")));
	assert_false(delivery_id_copy(id, SPAN("wh_0123456789ABCDEF0123456789abcdef")));
	assert_false(delivery_id_copy(id, SPAN("hw_0123456789abcdef0123456789abcdef")));
	assert_string_equal(id, "wh_0123456789abcdef0123456789abcdef");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_is_taken_apart),
	    cmocka_unit_test(nothing_is_said_of_one_that_was_not_tried),
	    cmocka_unit_test(an_endpoint_s_name_may_have_its_full_length),
	    cmocka_unit_test(what_is_no_such_line_is_refused),
	    cmocka_unit_test(an_id_is_a_prefix_and_32_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
