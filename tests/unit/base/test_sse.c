#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/base/sse.h"

enum { MAX_EVENT = 64 };

/* What a stream gave: each event's data in angle brackets, and how the parser ended. */
struct outcome {
	struct buf events;
	size_t count;
	size_t stop_after; /* on_event returns false at this event; 0 for never */
	enum sse_result result;
};

static bool record(void *ctx, struct span data)
{
	struct outcome *outcome = ctx;

	assert_non_null(data.p);
	buf_putc(&outcome->events, '<');
	buf_append_span(&outcome->events, data);
	buf_putc(&outcome->events, '>');
	outcome->count++;
	return outcome->count != outcome->stop_after;
}

/* Feeds a piece from memory of exactly its size, so that a sanitizer sees any read beyond it. */
static enum sse_result feed_piece(struct sse_parser *sse, const char *p, size_t len)
{
	char *copy = malloc(len != 0 ? len : 1);
	enum sse_result result;

	assert_non_null(copy);
	memcpy(copy, p, len);
	result = sse_feed(sse, (struct span){copy, len});
	free(copy);
	return result;
}

/* Feeds stream cut at two places and then in pieces of step bytes, and ends it. */
static void run(
    struct outcome *outcome, struct span stream, size_t cut, size_t second_cut, size_t step)
{
	struct sse_parser sse;
	size_t at = 0;

	outcome->count = 0;
	buf_clear(&outcome->events);
	sse_init(&sse, MAX_EVENT, record, outcome);
	outcome->result = SSE_OK;
	while (at < stream.len && outcome->result == SSE_OK) {
		size_t next = at < cut ? cut : at < second_cut ? second_cut : at + step;

		if (next > stream.len)
			next = stream.len;
		outcome->result = feed_piece(&sse, stream.p + at, next - at);
		at = next;
	}
	if (outcome->result == SSE_OK)
		outcome->result = sse_end(&sse);
	sse_free(&sse);
}

static void check(const struct outcome *outcome, enum sse_result result, const char *events)
{
	struct buf got = {0};

	buf_append_span(&got, buf_span(&outcome->events));
	assert_string_equal(buf_cstr(&got), events);
	assert_int_equal(outcome->result, result);
	buf_free(&got);
}

/* Whole, byte by byte, and cut at every one and every two positions, the outcome is the same. */
static void expect_stopping(
    struct span stream, size_t stop_after, enum sse_result result, const char *events)
{
	struct outcome outcome = {.stop_after = stop_after};

	run(&outcome, stream, 0, 0, SIZE_MAX / 2);
	check(&outcome, result, events);
	run(&outcome, stream, 0, 0, 1);
	check(&outcome, result, events);
	for (size_t cut = 0; cut <= stream.len; cut++) {
		for (size_t second = cut; second <= stream.len; second++) {
			run(&outcome, stream, cut, second, SIZE_MAX / 2);
			check(&outcome, result, events);
		}
	}
	buf_free(&outcome.events);
}

static void expect(struct span stream, const char *events)
{
	expect_stopping(stream, 0, SSE_OK, events);
}

static void expect_too_long(struct span stream, const char *events)
{
	expect_stopping(stream, 0, SSE_TOO_LONG, events);
}

static void test_parse_sse_format_hands_on_the_json_of_a_data_line(void **state)
{
	(void)state;
	expect(SPAN("data: {\"type\":\"response.output_item.added\"}\n\n"),
	    "<{\"type\":\"response.output_item.added\"}>");
}

static bool check_item_added(void *ctx, struct span data)
{
	int *calls = ctx;

	++*calls;
	assert_true(json_string_is(json_get(data, "type"), "response.output_item.added"));
	assert_true(json_string_is(json_get(json_get(data, "item"), "id"), "123"));
	return true;
}

static void test_parse_sse_format_data_parses_as_the_event_that_was_sent(void **state)
{
	struct sse_parser sse;
	int calls = 0;

	(void)state;
	sse_init(&sse, 1024, check_item_added, &calls);
	assert_int_equal(sse_feed(&sse, SPAN("data: {\"type\": \"response.output_item.added\", "
					     "\"item\": {\"id\": \"123\"}}\r\n\r\n")),
	    SSE_OK);
	assert_int_equal(calls, 1);
	sse_free(&sse);
}

static void test_parse_done_marker_is_an_event_like_any_other(void **state)
{
	(void)state;
	expect(SPAN("data: {\"n\":1}\n\ndata: {\"n\":2}\n\ndata: [DONE]\n\n"),
	    "<{\"n\":1}><{\"n\":2}><[DONE]>");
}

static void test_parse_done_marker_is_seen_without_its_blank_line(void **state)
{
	(void)state;
	expect(SPAN("data: {}\n\ndata: [DONE]\n"), "<{}><[DONE]>");
	expect(SPAN("data: {}\n\ndata: [DONE]"), "<{}><[DONE]>");
}

static void test_events_after_parse_done_marker_are_not_looked_at_when_it_stops(void **state)
{
	(void)state;
	expect_stopping(
	    SPAN("data: a\n\ndata: [DONE]\n\ndata: b\n\n"), 2, SSE_STOPPED, "<a><[DONE]>");
}

static void test_stop_at_an_event_without_blank_line_is_reported_by_the_end(void **state)
{
	(void)state;
	expect_stopping(SPAN("data: a\n\ndata: b"), 2, SSE_STOPPED, "<a><b>");
}

static void test_lines_end_in_lf(void **state)
{
	(void)state;
	expect(SPAN("data: a\n\ndata: b\n\n"), "<a><b>");
}

static void test_lines_end_in_cr(void **state)
{
	(void)state;
	expect(SPAN("data: a\r\rdata: b\r\r"), "<a><b>");
}

static void test_lines_end_in_crlf(void **state)
{
	(void)state;
	expect(SPAN("data: a\r\n\r\ndata: b\r\n\r\n"), "<a><b>");
}

static void test_line_ends_may_be_mixed(void **state)
{
	(void)state;
	expect(
	    SPAN("data: a\r\n\rdata: b\n\r\ndata: c\r\ndata: d\rdata: e\n\r"), "<a><b><c\nd\ne>");
}

static void test_crlf_is_one_line_end_and_lfcr_two(void **state)
{
	(void)state;
	expect(SPAN("data: a\r\ndata: b\r\n\r\n"), "<a\nb>");
	expect(SPAN("data: a\n\rdata: b\n\r"), "<a><b>");
}

static void test_data_lines_of_one_event_are_joined_by_lf(void **state)
{
	(void)state;
	expect(SPAN("data: a\ndata: b\ndata: c\n\n"), "<a\nb\nc>");
}

static void test_empty_data_lines_count_as_lines(void **state)
{
	(void)state;
	expect(SPAN("data:\ndata: a\ndata\n\n"), "<\na\n>");
	expect(SPAN("data\ndata\n\n"), "<\n>");
}

static void test_data_line_without_colon_is_an_event_with_empty_data(void **state)
{
	(void)state;
	expect(SPAN("data\n\ndata:\n\ndata: \n\n"), "<><><>");
}

static void test_one_blank_after_the_colon_is_dropped_and_no_more(void **state)
{
	(void)state;
	expect(SPAN("data:a\n\ndata: b\n\ndata:  c\n\ndata:\td\n\ndata: e \n\n"),
	    "<a><b>< c><\td><e >");
}

static void test_colons_after_the_first_belong_to_the_value(void **state)
{
	(void)state;
	expect(SPAN("data:a:b: c\n\ndata::\n\n"), "<a:b: c><:>");
}

static void test_comments_are_skipped(void **state)
{
	(void)state;
	expect(SPAN(": ping\n\n:\n\n:data: x\n\ndata: a\n: b\ndata: c\n\n: end\n"), "<a\nc>");
}

static void test_other_fields_are_ignored(void **state)
{
	(void)state;
	expect(SPAN("event: x\nid: 1\nretry: 5\ndata: a\nevent\nother: y\n\n"), "<a>");
	expect(SPAN("datum: a\n\ndata : b\n\nDATA: c\n\n data: d\n\ndat\n\nd: e\n\ndatab\n\n"), "");
}

static void test_event_without_data_is_not_handed_on(void **state)
{
	(void)state;
	expect(SPAN("event: ping\n\nid: 7\n\n\n\n\ndata: a\n\n"), "<a>");
	expect(SPAN("event: ping"), "");
}

static void test_empty_stream_has_no_events(void **state)
{
	(void)state;
	expect(SPAN(""), "");
	expect(SPAN("\n\r\n\r\r\n\n"), "");
}

static void test_leading_byte_order_mark_is_skipped(void **state)
{
	(void)state;
	expect(SPAN("\xEF\xBB\xBF"
		    "data: a\n\n"),
	    "<a>");
	expect(SPAN("\xEF\xBB\xBF\ndata: a\n\n"), "<a>");
	expect(SPAN("\xEF\xBB\xBF"), "");
}

static void test_byte_order_mark_is_skipped_once_and_only_at_the_start(void **state)
{
	(void)state;
	expect(SPAN("\xEF\xBB\xBF\xEF\xBB\xBF"
		    "data: a\ndata: b\n\n"),
	    "<b>");
	expect(SPAN("\n\xEF\xBB\xBF"
		    "data: a\ndata: \xEF\xBB\xBF"
		    "b\n\n"),
	    "<\xEF\xBB\xBF"
	    "b>");
	expect(SPAN("\xEF\xBB"
		    "data: a\n\ndata: b\n\n"),
	    "<b>");
}

static void test_bytes_of_the_data_are_handed_on_unchanged(void **state)
{
	(void)state;
	expect(SPAN("data: \x01\xff\xc3\xa9\xf0\x9f\x98\x80 \\n\x7f\v\f\xc2\x85\xe2\x80\xa8\n\n"),
	    "<\x01\xff\xc3\xa9\xf0\x9f\x98\x80 \\n\x7f\v\f\xc2\x85\xe2\x80\xa8>");
}

static bool expect_nul(void *ctx, struct span data)
{
	int *calls = ctx;

	++*calls;
	assert_int_equal(data.len, 3);
	assert_memory_equal(data.p, "a\0b", 3);
	return true;
}

static void test_nul_byte_is_data(void **state)
{
	struct span stream = SPAN("data: a\0b\n\n");
	struct sse_parser sse;
	int calls = 0;

	(void)state;
	sse_init(&sse, MAX_EVENT, expect_nul, &calls);
	assert_int_equal(sse_feed(&sse, stream), SSE_OK);
	for (size_t i = 0; i < stream.len; i++)
		assert_int_equal(feed_piece(&sse, stream.p + i, 1), SSE_OK);
	assert_int_equal(calls, 2);
	sse_free(&sse);
}

static void test_end_hands_on_an_event_that_lacks_its_blank_line(void **state)
{
	(void)state;
	expect(SPAN("data: a\n\ndata: b\ndata: c\n"), "<a><b\nc>");
	expect(SPAN("data: a\r\n\r\ndata: b\r\n"), "<a><b>");
}

static void test_end_hands_on_an_event_that_lacks_its_line_end(void **state)
{
	(void)state;
	expect(SPAN("data: a\n\ndata: b\ndata: c"), "<a><b\nc>");
	expect(SPAN("data: a\ndata"), "<a\n>");
	expect(SPAN("data: a\nevent: b"), "<a>");
}

static void test_cr_at_the_end_of_the_bytes_hands_the_event_on_at_once(void **state)
{
	struct outcome outcome = {0};
	struct sse_parser sse;

	(void)state;
	sse_init(&sse, MAX_EVENT, record, &outcome);
	assert_int_equal(sse_feed(&sse, SPAN("data: a\r\n\r")), SSE_OK);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(sse_feed(&sse, (struct span){0}), SSE_OK);
	assert_int_equal(sse_feed(&sse, SPAN("\n")), SSE_OK);
	assert_int_equal(sse_feed(&sse, SPAN("data: b\r")), SSE_OK);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(sse_feed(&sse, SPAN("\r")), SSE_OK);
	assert_int_equal(outcome.count, 2);
	assert_int_equal(sse_end(&sse), SSE_OK);
	check(&outcome, SSE_OK, "<a><b>");
	sse_free(&sse);
	buf_free(&outcome.events);
}

/* Where the bytes that were fed lie, to see whether data points into them. */
struct place {
	struct span fed;
	size_t inside;
	size_t outside;
};

static bool note_place(void *ctx, struct span data)
{
	struct place *place = ctx;

	if (data.p >= place->fed.p && data.p + data.len <= place->fed.p + place->fed.len)
		place->inside++;
	else
		place->outside++;
	return true;
}

static void test_event_whole_in_the_bytes_is_handed_on_without_a_copy(void **state)
{
	struct place place = {.fed = SPAN("event: x\r\ndata: a\r\n\r\n: c\n\ndata: b\nid: 1\n\n")};
	struct sse_parser sse;

	(void)state;
	sse_init(&sse, MAX_EVENT, note_place, &place);
	assert_int_equal(sse_feed(&sse, place.fed), SSE_OK);
	assert_int_equal(place.inside, 2);
	assert_int_equal(place.outside, 0);
	assert_null(sse.line.data);
	assert_null(sse.data.data);
	sse_free(&sse);
}

static void test_event_in_two_pieces_does_not_point_into_the_first(void **state)
{
	struct place place = {0};
	struct sse_parser sse;
	char first[] = "data: a\n";

	(void)state;
	place.fed = (struct span){first, sizeof(first) - 1};
	sse_init(&sse, MAX_EVENT, note_place, &place);
	assert_int_equal(sse_feed(&sse, place.fed), SSE_OK);
	memset(first, 'x', sizeof(first));
	assert_int_equal(sse_feed(&sse, SPAN("\n")), SSE_OK);
	assert_int_equal(place.inside, 0);
	assert_int_equal(place.outside, 1);
	sse_free(&sse);
}

/* A stream of one event: name, then fill bytes, then tail. The caller frees it. */
static struct buf long_line(const char *name, size_t fill, const char *tail)
{
	struct buf stream = {0};

	buf_puts(&stream, name);
	memset(buf_reserve(&stream, fill), 'x', fill);
	stream.len += fill;
	buf_puts(&stream, tail);
	return stream;
}

static void test_line_of_exactly_max_event_is_handed_on(void **state)
{
	struct buf stream = long_line("data: ", MAX_EVENT - 6, "\n\n");
	struct buf events = long_line("<", MAX_EVENT - 6, ">");

	(void)state;
	expect(buf_span(&stream), buf_cstr(&events));
	stream.data[stream.len - 2] = '\r';
	expect(buf_span(&stream), buf_cstr(&events));
	stream.len -= 2;
	expect(buf_span(&stream), buf_cstr(&events));
	buf_free(&stream);
	buf_free(&events);
}

static void test_line_one_over_max_event_is_too_long(void **state)
{
	struct buf stream = long_line("data: a\n\ndata: ", MAX_EVENT - 5, "\n\ndata: b\n\n");

	(void)state;
	expect_too_long(buf_span(&stream), "<a>");
	stream.len -= 11;
	expect_too_long(buf_span(&stream), "<a>");
	buf_free(&stream);
}

static void test_comment_one_over_max_event_is_too_long(void **state)
{
	struct buf exact = long_line(":", MAX_EVENT - 1, "\ndata: a\n\n");
	struct buf over = long_line(":", MAX_EVENT, "\ndata: a\n\n");

	(void)state;
	expect(buf_span(&exact), "<a>");
	expect_too_long(buf_span(&over), "");
	buf_free(&exact);
	buf_free(&over);
}

static void test_line_too_long_is_reported_before_its_end_arrives(void **state)
{
	struct buf stream = long_line("data: ", MAX_EVENT - 6, "");
	struct outcome outcome = {0};
	struct sse_parser sse;

	(void)state;
	sse_init(&sse, MAX_EVENT, record, &outcome);
	assert_int_equal(sse_feed(&sse, buf_span(&stream)), SSE_OK);
	assert_int_equal(sse_feed(&sse, SPAN("x")), SSE_TOO_LONG);
	assert_int_equal(outcome.count, 0);
	sse_free(&sse);
	buf_free(&stream);
	buf_free(&outcome.events);
}

static void test_joined_data_of_exactly_max_event_is_handed_on(void **state)
{
	struct buf stream = long_line("data: abcdef\ndata:", MAX_EVENT - 7, "\n\n");
	struct buf events = long_line("<abcdef\n", MAX_EVENT - 7, ">");

	(void)state;
	expect(buf_span(&stream), buf_cstr(&events));
	buf_free(&stream);
	buf_free(&events);
}

static void test_joined_data_one_over_max_event_is_too_long(void **state)
{
	struct buf stream = long_line("data: abcdefg\ndata:", MAX_EVENT - 7, "\n\n");

	(void)state;
	expect_too_long(buf_span(&stream), "");
	buf_free(&stream);
}

static void test_empty_data_lines_count_towards_max_event(void **state)
{
	struct outcome outcome = {0};
	struct buf stream = {0};

	(void)state;
	for (int i = 0; i <= MAX_EVENT; i++)
		buf_puts(&stream, "data\n");
	run(&outcome, buf_span(&stream), 0, 0, 3);
	assert_int_equal(outcome.result, SSE_OK);
	assert_int_equal(outcome.events.len, MAX_EVENT + 2);
	buf_puts(&stream, "data\n");
	run(&outcome, buf_span(&stream), 0, 0, 3);
	assert_int_equal(outcome.result, SSE_TOO_LONG);
	buf_free(&stream);
	buf_free(&outcome.events);
}

static bool free_and_stop(void *ctx, struct span data)
{
	(void)data;
	sse_free(ctx);
	return false;
}

static void test_on_event_may_free_the_parser_and_stop_it(void **state)
{
	struct sse_parser sse;

	(void)state;
	sse_init(&sse, MAX_EVENT, free_and_stop, &sse);
	assert_int_equal(sse_feed(&sse, SPAN("data: a")), SSE_OK);
	assert_int_equal(sse_feed(&sse, SPAN("\ndata: b\n\ndata: c\n\n")), SSE_STOPPED);
	sse_init(&sse, MAX_EVENT, free_and_stop, &sse);
	assert_int_equal(sse_feed(&sse, SPAN("data: a")), SSE_OK);
	assert_int_equal(sse_end(&sse), SSE_STOPPED);
}

static bool count_bytes(void *ctx, struct span data)
{
	size_t *bytes = ctx;

	*bytes += data.len;
	return true;
}

static double seconds_to_feed(struct span stream, size_t step, size_t *bytes)
{
	struct sse_parser sse;
	clock_t start = clock();

	*bytes = 0;
	sse_init(&sse, stream.len, count_bytes, bytes);
	for (size_t at = 0; at < stream.len; at += step) {
		size_t len = stream.len - at < step ? stream.len - at : step;

		assert_int_equal(sse_feed(&sse, (struct span){stream.p + at, len}), SSE_OK);
	}
	assert_int_equal(sse_end(&sse), SSE_OK);
	sse_free(&sse);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void test_line_of_16_megabytes_in_pieces_of_a_kilobyte_is_linear(void **state)
{
	struct buf stream = long_line("data:", (size_t)16 << 20, "\n\n");
	size_t bytes;

	(void)state;
	/* Rescanning from the line's beginning would look at 128 GB. */
	assert_true(seconds_to_feed(buf_span(&stream), 1024, &bytes) < 4);
	assert_int_equal(bytes, (size_t)16 << 20);
	buf_free(&stream);
}

static void test_many_short_lines_with_one_kind_of_line_end_are_linear(void **state)
{
	static const char *const lines[] = {"data:a\r\r", "data:a\n\n"};
	struct buf stream = {0};
	size_t bytes;

	(void)state;
	for (size_t kind = 0; kind < 2; kind++) {
		buf_clear(&stream);
		for (size_t i = 0; i < (size_t)1 << 19; i++)
			buf_puts(&stream, lines[kind]);
		/* Searching each line for the line end that never comes would look at 2 TB. */
		assert_true(seconds_to_feed(buf_span(&stream), stream.len, &bytes) < 4);
		assert_int_equal(bytes, (size_t)1 << 19);
	}
	buf_free(&stream);
}

static void test_memory_of_a_large_event_is_given_back(void **state)
{
	struct buf stream = long_line("data:", 100000, "\n");
	struct sse_parser sse;
	size_t bytes = 0;

	(void)state;
	sse_init(&sse, stream.len, count_bytes, &bytes);
	for (size_t i = 0; i < stream.len; i++)
		assert_int_equal(sse_feed(&sse, (struct span){stream.data + i, 1}), SSE_OK);
	assert_int_equal(sse_feed(&sse, SPAN("\n")), SSE_OK);
	assert_int_equal(bytes, 100000);
	assert_true(sse.line.cap <= 4096);
	assert_true(sse.data.cap <= 4096);
	sse_free(&sse);
	buf_free(&stream);
}

static bool begins_with_idle(struct span beginning)
{
	static const char idle[] = "{\"type\":\"idle\"";

	return beginning.len >= sizeof(idle) - 1 &&
	       memcmp(beginning.p, idle, sizeof(idle) - 1) == 0;
}

/* An event with a long value, in pieces of a few bytes, then a short one. */
static void feed_long_event(struct sse_parser *sse, const char *beginning, size_t len)
{
	struct buf stream = {0};
	size_t at;

	buf_puts(&stream, beginning);
	memset(buf_reserve(&stream, len), 'x', len);
	stream.len += len;
	buf_puts(&stream, "\"}\n\ndata: next\n\n");
	for (at = 0; at < stream.len; at += 7) {
		size_t left = stream.len - at;

		assert_int_equal(feed_piece(sse, stream.data + at, left < 7 ? left : 7), SSE_OK);
		assert_true(sse->line.cap <= 1024);
	}
	buf_free(&stream);
}

static void an_idle_event_is_passed_over_without_a_copy(void **state)
{
	struct outcome outcome = {0};
	struct sse_parser sse;

	(void)state;
	sse_init(&sse, 400, record, &outcome);
	sse.is_idle = begins_with_idle;
	feed_long_event(&sse, "data: {\"type\":\"idle\",\"b64\":\"", 100000);
	feed_long_event(&sse, "event: idle\ndata:{\"type\":\"idle\",\"b64\":\"", 200);
	assert_int_equal(sse_end(&sse), SSE_OK);
	check(&outcome, SSE_OK, "<next><next>");
	sse_free(&sse);
	buf_free(&outcome.events);
}

static void an_event_that_is_not_idle_is_whole(void **state)
{
	struct outcome outcome = {0};
	struct buf stream = {0};
	struct sse_parser sse;
	int i;

	(void)state;
	sse_init(&sse, 1000, record, &outcome);
	sse.is_idle = begins_with_idle;
	buf_puts(&stream, "data: {\"type\":\"other\",\"text\":\"");
	for (i = 0; i < 60; i++)
		buf_puts(&stream, "0123456789");
	buf_puts(&stream, "\"}");
	for (i = 0; i < (int)stream.len; i++)
		assert_int_equal(feed_piece(&sse, stream.data + i, 1), SSE_OK);
	assert_int_equal(sse_end(&sse), SSE_OK);
	assert_int_equal(outcome.count, 1);
	assert_memory_equal(outcome.events.data + 1, stream.data + 6, stream.len - 6);
	sse_free(&sse);
	buf_free(&stream);
	buf_free(&outcome.events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_sse_format_hands_on_the_json_of_a_data_line),
	    cmocka_unit_test(test_parse_sse_format_data_parses_as_the_event_that_was_sent),
	    cmocka_unit_test(test_parse_done_marker_is_an_event_like_any_other),
	    cmocka_unit_test(test_parse_done_marker_is_seen_without_its_blank_line),
	    cmocka_unit_test(test_events_after_parse_done_marker_are_not_looked_at_when_it_stops),
	    cmocka_unit_test(test_stop_at_an_event_without_blank_line_is_reported_by_the_end),
	    cmocka_unit_test(test_lines_end_in_lf),
	    cmocka_unit_test(test_lines_end_in_cr),
	    cmocka_unit_test(test_lines_end_in_crlf),
	    cmocka_unit_test(test_line_ends_may_be_mixed),
	    cmocka_unit_test(test_crlf_is_one_line_end_and_lfcr_two),
	    cmocka_unit_test(test_data_lines_of_one_event_are_joined_by_lf),
	    cmocka_unit_test(test_empty_data_lines_count_as_lines),
	    cmocka_unit_test(test_data_line_without_colon_is_an_event_with_empty_data),
	    cmocka_unit_test(test_one_blank_after_the_colon_is_dropped_and_no_more),
	    cmocka_unit_test(test_colons_after_the_first_belong_to_the_value),
	    cmocka_unit_test(test_comments_are_skipped),
	    cmocka_unit_test(test_other_fields_are_ignored),
	    cmocka_unit_test(test_event_without_data_is_not_handed_on),
	    cmocka_unit_test(test_empty_stream_has_no_events),
	    cmocka_unit_test(test_leading_byte_order_mark_is_skipped),
	    cmocka_unit_test(test_byte_order_mark_is_skipped_once_and_only_at_the_start),
	    cmocka_unit_test(test_bytes_of_the_data_are_handed_on_unchanged),
	    cmocka_unit_test(test_nul_byte_is_data),
	    cmocka_unit_test(test_end_hands_on_an_event_that_lacks_its_blank_line),
	    cmocka_unit_test(test_end_hands_on_an_event_that_lacks_its_line_end),
	    cmocka_unit_test(test_cr_at_the_end_of_the_bytes_hands_the_event_on_at_once),
	    cmocka_unit_test(test_event_whole_in_the_bytes_is_handed_on_without_a_copy),
	    cmocka_unit_test(test_event_in_two_pieces_does_not_point_into_the_first),
	    cmocka_unit_test(test_line_of_exactly_max_event_is_handed_on),
	    cmocka_unit_test(test_line_one_over_max_event_is_too_long),
	    cmocka_unit_test(test_comment_one_over_max_event_is_too_long),
	    cmocka_unit_test(test_line_too_long_is_reported_before_its_end_arrives),
	    cmocka_unit_test(test_joined_data_of_exactly_max_event_is_handed_on),
	    cmocka_unit_test(test_joined_data_one_over_max_event_is_too_long),
	    cmocka_unit_test(test_empty_data_lines_count_towards_max_event),
	    cmocka_unit_test(test_on_event_may_free_the_parser_and_stop_it),
	    cmocka_unit_test(test_line_of_16_megabytes_in_pieces_of_a_kilobyte_is_linear),
	    cmocka_unit_test(test_many_short_lines_with_one_kind_of_line_end_are_linear),
	    cmocka_unit_test(test_memory_of_a_large_event_is_given_back),
	    cmocka_unit_test(an_idle_event_is_passed_over_without_a_copy),
	    cmocka_unit_test(an_event_that_is_not_idle_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
