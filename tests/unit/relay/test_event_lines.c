#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/relay/event_lines.h"

enum { BETWEEN = 1, COMPLETE = 2 };

static int state_of(const struct event_lines *lines)
{
	return (event_lines_between_events(lines) ? BETWEEN : 0) | (lines->complete ? COMPLETE : 0);
}

static struct event_lines after(const char *stream)
{
	struct event_lines lines = {0};

	event_lines_note(&lines, span_of(stream));
	return lines;
}

/* What comes in two pieces, however they are cut, means what it means in one. */
static void expect_state(const char *stream, int state)
{
	size_t len = strlen(stream);
	struct event_lines lines = after(stream), bytes = {0};

	assert_int_equal(state_of(&lines), state);
	for (size_t at = 0; at < len; at++) {
		struct event_lines split = {0};

		event_lines_note(&split, (struct span){stream, at});
		event_lines_note(&split, (struct span){stream + at, len - at});
		assert_int_equal(state_of(&split), state);
		event_lines_note(&bytes, (struct span){stream + at, 1});
	}
	assert_int_equal(state_of(&bytes), state);
}

static void an_event_can_be_put_in_after_a_blank_line_alone(void **state)
{
	(void)state;
	expect_state("", BETWEEN);
	expect_state("event: a\ndata: {}\n\n", BETWEEN);
	expect_state("event: a\r\ndata: {}\r\n\r\n", BETWEEN);
	expect_state("\n\n\n", BETWEEN);
	expect_state(": a comment\n", BETWEEN);
	expect_state(": a comment", 0);
	expect_state("event: a\n: a comment\n", 0);
	expect_state("event: a", 0);
	expect_state("event: a\n", 0);
	expect_state("event: a\ndata: {}", 0);
	expect_state("event: a\ndata: {}\n", 0);
	expect_state("event: a\ndata: {}\r\n\r", 0);
	expect_state("event: a\n\nd", 0);
}

static void the_last_event_is_known_by_its_type(void **state)
{
	static const char *const lasts[] = {
	    "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n",
	    "event: response.failed\ndata: {}\n\n",
	    "event: response.incomplete\r\ndata: {}\r\n\r\n",
	    "event:response.cancelled\ndata: {}\n\n",
	    "data: {\"type\":\"response.completed\",\"response\":{}}\n\n",
	    "data: {\"type\": \"response.incomplete\"}\n\n",
	    "data:{\"type\":\"response.failed\"}\n\n",
	    "id: 7\ndata: {\"type\":\"response.failed\"}\n\n",
	    "data: [DONE]\n\n",
	    "data:[DONE]\n\n",
	    "data: {\"object\":\"chat.completion.chunk\"}\n\ndata: [DONE]\n\n",
	    "data: {}\n\n: comment\n\ndata: [DONE]\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++)
		expect_state(lasts[i], BETWEEN | COMPLETE);
}

static void other_events_are_not_the_last(void **state)
{
	static const char *const others[] = {
	    "event: response.created\ndata: {\"type\":\"response.created\"}\n\n",
	    "event: response.completed.later\ndata: {}\n\n",
	    "event: my.response.completed\ndata: {}\n\n",
	    "data: {\"delta\":\"response.completed\"}\n\n",
	    "data: {\"type\":\"response.completed_x\"}\n\n",
	    "data: response.completed\n\n",
	    "data: \"[DONE]\"\n\n",
	    ": event: response.completed\n\n",
	    "event: error\ndata: {\"type\":\"error\"}\n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect_state(others[i], BETWEEN);
}

static void the_last_event_counts_once_it_is_whole(void **state)
{
	(void)state;
	expect_state("event: response.completed\ndata: {}\n", 0);
	expect_state("data: [DONE]\n", 0);
	expect_state("data: [DONE]", 0);
	expect_state("event: response.completed\ndata: {}\n\n: more\n", BETWEEN | COMPLETE);
	expect_state("event: response.completed\ndata: {}\n\ndata: [DO", COMPLETE);
}

static void a_type_is_found_however_long_its_line(void **state)
{
	char stream[2000] = "data: {\"type\":\"response.completed\",\"text\":\"";
	size_t len = strlen(stream);

	(void)state;
	memset(stream + len, 'x', 1500);
	strcpy(stream + len + 1500, "\"}\n\n");
	expect_state(stream, BETWEEN | COMPLETE);
}

static long long next_after(const char *stream)
{
	struct event_lines lines = after(stream);

	return event_lines_next_number(&lines);
}

static void an_event_that_follows_has_the_next_number(void **state)
{
	(void)state;
	assert_int_equal(next_after(""), 0);
	assert_int_equal(next_after("data: {\"sequence_number\":0}\n\n"), 1);
	assert_int_equal(next_after("data: {\"sequence_number\": 41}\n\n"), 42);
	assert_int_equal(next_after("data: {\"a\":1,\"sequence_number\":7,\"b\":2}\r\n\r\n"), 8);
	assert_int_equal(next_after("data: {\"sequence_number\":7}\n\n"
				    "data: {\"sequence_number\":9}\n\n"),
	    10);
}

static void events_without_a_number_are_counted(void **state)
{
	(void)state;
	assert_int_equal(next_after("event: a\ndata: {}\n\ndata: {}\n\n"), 2);
	assert_int_equal(next_after("data: {\"sequence_number\":7}\n\ndata: {}\n\n"), 2);
	assert_int_equal(next_after(": no event\n\n\n\n"), 0);
	assert_int_equal(next_after("data: {}\n"), 0);
}

static void what_is_no_number_of_an_event_is_not_taken_for_one(void **state)
{
	(void)state;
	assert_int_equal(next_after("data: {\"delta\":\"\\\"sequence_number\\\":7\"}\n\n"), 1);
	assert_int_equal(next_after("data: {\"sequence_number\":\"7\"}\n\n"), 1);
	assert_int_equal(next_after("data: {\"sequence_number\":-7}\n\n"), 1);
	assert_int_equal(next_after("data: {\"sequence_number\":null}\n\n"), 1);
	assert_int_equal(next_after("data: {\"sequence_number\":\n\n"), 1);
}

static void a_number_is_found_at_either_end_of_a_long_line(void **state)
{
	static const char *const formats[] = {
	    "data: {\"type\":\"x\",\"sequence_number\":41,\"delta\":\"%0500d\"}\n\n",
	    "data: {\"delta\":\"%0500d\",\"sequence_number\":41,\"type\":\"x\"}\r\n\r\n"};
	char stream[700];

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		snprintf(stream, sizeof(stream), formats[i], 0);
		assert_int_equal(next_after(stream), 42);
	}
}

static void a_number_without_bounds_does_no_harm(void **state)
{
	(void)state;
	assert_true(next_after("data: {\"sequence_number\":99999999999999999999999999}\n\n") > 0);
}

static void numbers_in_a_row_are_known_however_they_are_cut(void **state)
{
	static const char stream[] = "event: a\ndata: {\"type\":\"a\",\"sequence_number\":0}\n\n"
				     "event: b\ndata: {\"sequence_number\":1,\"type\":\"b\"}\n\n"
				     "data: {\"sequence_number\":2}\n\n";
	size_t len = strlen(stream);

	(void)state;
	for (size_t first = 0; first <= len; first++) {
		for (size_t second = first; second <= len; second++) {
			struct event_lines lines = {0};

			event_lines_note(&lines, (struct span){stream, first});
			event_lines_note(&lines, (struct span){stream + first, second - first});
			event_lines_note(&lines, (struct span){stream + second, len - second});
			assert_int_equal(event_lines_next_number(&lines), 3);
			assert_int_equal(state_of(&lines), BETWEEN);
		}
	}
}

static void expect_eventful(const char *stream, bool eventful)
{
	size_t len = strlen(stream);
	struct event_lines lines = after(stream), bytes = {0};

	assert_int_equal(lines.eventful, eventful);
	for (size_t at = 0; at < len; at++)
		event_lines_note(&bytes, (struct span){stream + at, 1});
	assert_int_equal(bytes.eventful, eventful);
}

static void an_event_with_data_is_no_sign_of_life(void **state)
{
	(void)state;
	expect_eventful("data: {}\n\n", true);
	expect_eventful("event: response.created\r\ndata:{}\r\n\r\n", true);
	expect_eventful("event: ping\ndata: {}\n\ndata: 1\n\n", true);
	expect_eventful("data: {\"type\":\"pinged\"}\n\n", true);
	expect_eventful("data: {}\n", false);
	expect_eventful(": data\n\n:\n\n", false);
	expect_eventful("event: response.created\n\n", false);
	expect_eventful("event: ping\ndata: {\"type\": \"ping\"}\n\n", false);
	expect_eventful("event: ping\r\ndata: {}\r\n\r\n", false);
	expect_eventful("data: {\"type\":\"keepalive\",\"sequence_number\":1}\n\n", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_can_be_put_in_after_a_blank_line_alone),
	    cmocka_unit_test(the_last_event_is_known_by_its_type),
	    cmocka_unit_test(other_events_are_not_the_last),
	    cmocka_unit_test(the_last_event_counts_once_it_is_whole),
	    cmocka_unit_test(a_type_is_found_however_long_its_line),
	    cmocka_unit_test(an_event_with_data_is_no_sign_of_life),
	    cmocka_unit_test(an_event_that_follows_has_the_next_number),
	    cmocka_unit_test(events_without_a_number_are_counted),
	    cmocka_unit_test(what_is_no_number_of_an_event_is_not_taken_for_one),
	    cmocka_unit_test(a_number_is_found_at_either_end_of_a_long_line),
	    cmocka_unit_test(a_number_without_bounds_does_no_harm),
	    cmocka_unit_test(numbers_in_a_row_are_known_however_they_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
