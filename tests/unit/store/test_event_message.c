#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/store/event_message.h"

static void expect(
    const char *text, long long first, long long count, const char *events, bool look)
{
	struct event_message message;

	event_message_read(&message, span_of(text));
	assert_int_equal(message.first, first);
	assert_int_equal(message.count, count);
	assert_true(span_is(message.events, events));
	assert_int_equal(message.look, look);
}

static void events_come_with_the_number_of_the_first(void **state)
{
	(void)state;
	expect("7 2\nevent: a\n\nevent: b\n\n", 7, 2, "event: a\n\nevent: b\n\n", false);
}

static void the_last_events_come_with_the_end(void **state)
{
	(void)state;
	expect("7 1 ended\nevent: a\n\n", 7, 1, "event: a\n\n", true);
}

static void an_end_without_events_is_to_be_looked_at(void **state)
{
	(void)state;
	expect("7 0 ended\n", 0, 0, "", true);
	expect("gone\n", 0, 0, "", true);
}

static void events_that_are_too_many_are_to_be_looked_at(void **state)
{
	(void)state;
	expect("7 20000\n", 0, 0, "", true);
	expect("123456789012345678 3\nx", 123456789012345678, 3, "x", false);
}

static void what_makes_no_sense_is_to_be_looked_at(void **state)
{
	static const char *const texts[] = {"", "\n", "7 1", "7\nevent: a\n\n", "x 1\nevent: a\n\n",
	    "-1 1\nevent: a\n\n", "7 -1\nevent: a\n\n", "7 0\nevent: a\n\n", "7  1\nevent: a\n\n",
	    "7\t1\nevent: a\n\n", "1234567890123456789 1\nevent: a\n\n",
	    "7 1234567890123456789\nevent: a\n\n", "9999999999999999999 1\nevent: a\n\n",
	    "7 9999999999999999999\nevent: a\n\n", " 7 1\nevent: a\n\n", "7 x\nevent: a\n\n",
	    "7                                                                    1\nevent: a\n\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect(texts[i], 0, 0, "", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_come_with_the_number_of_the_first),
	    cmocka_unit_test(the_last_events_come_with_the_end),
	    cmocka_unit_test(an_end_without_events_is_to_be_looked_at),
	    cmocka_unit_test(events_that_are_too_many_are_to_be_looked_at),
	    cmocka_unit_test(what_makes_no_sense_is_to_be_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
