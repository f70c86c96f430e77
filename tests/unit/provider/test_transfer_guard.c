#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/transfer_guard.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { LONG = 1000 }; /* s */

static struct transfer_guard begin_stream(double whole, double first_event, double silence)
{
	struct transfer_guard guard;

	transfer_guard_begin(&guard, (struct transfer_times){whole, first_event, silence});
	assert_int_equal(guard.end, TRANSFER_GOES_ON);
	return guard;
}

static struct transfer_guard begin(double whole, double silence)
{
	return begin_stream(whole, 0, silence);
}

/* Whether a head of these lines is taken; why is in the error if it is not. */
static bool takes(const char *const *lines, const char *why)
{
	struct transfer_guard guard = begin(LONG, LONG);
	bool taken = true;

	for (; *lines != NULL; lines++)
		taken = transfer_guard_header(&guard, span_of(*lines));
	assert_int_equal(guard.end, taken ? TRANSFER_GOES_ON : TRANSFER_INVALID);
	assert_true(taken || strstr(guard.error, why) != NULL);
	return taken;
}

static void chunked_is_the_one_coding_that_is_taken(void **state)
{
	static const char *const taken[][3] = {
	    {"Transfer-Encoding: chunked\r\n"},
	    {"transfer-encoding:CHUNKED"},
	    {"TRANSFER-ENCODING: \t chunked \r\n"},
	    {"Transfer-Encoding: chunked, Chunked\r\n"},
	    {"Transfer-Encoding: , chunked,\r\n"},
	    {"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n"},
	};
	static const char *const refused[][3] = {
	    {"Transfer-Encoding: gzip, chunked\r\n"},
	    {"transfer-encoding:gzip\r\n"},
	    {"Transfer-Encoding: chunked, gzip\r\n"},
	    {"Transfer-Encoding: chunked gzip\r\n"},
	    {"Transfer-Encoding: chunked;q=1\r\n"},
	    {"Transfer-Encoding: chunke\r\n"},
	    {"Transfer-Encoding: chunkedd\r\n"},
	    {"Transfer-Encoding: identity\r\n"},
	    {"Transfer-Encoding:\r\n"},
	    {"Transfer-Encoding:"},
	    {"Transfer-Encoding: , \r\n"},
	    {"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++)
		assert_true(takes(taken[i], ""));
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(takes(refused[i], "transfer coding"));
}

static void other_headers_may_say_what_they_like(void **state)
{
	static const char *const lines[] = {"HTTP/1.1 200 OK\r\n", "Content-Encoding: gzip\r\n",
	    "Transfer-Encodin: gzip\r\n", "X-Transfer-Encoding: gzip\r\n", "\r\n", "", NULL};

	(void)state;
	assert_true(takes(lines, ""));
}

static void a_status_has_three_digits(void **state)
{
	static const char *const taken[][2] = {{"HTTP/1.1 200 OK\r\n"}, {"HTTP/1.1 200\r\n"},
	    {"HTTP/2 200 \r\n"}, {"HTTP/1.1  503 4096 bytes\r\n"}, {"HTTP/1.1 "}, {"HTTP/1.1"},
	    {"HTTP/x: 2000\r\n"}, {"HTT 2000\r\n"}, {"x: HTTP/1.1 2000\r\n"}};
	static const char *const refused[][2] = {
	    {"HTTP/1.1 2000 OK\r\n"}, {"http/1.0  2000"}, {"HTTP/2 20000000000000000200\r\n"}};

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++)
		assert_true(takes(taken[i], ""));
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(takes(refused[i], "three digits"));
}

/* How many lines of that length are taken. */
static size_t count_lines(size_t len)
{
	struct transfer_guard guard = begin(LONG, LONG);
	char *line = calloc(1, len + 1);
	size_t count = 0;

	memset(line, 'x', len);
	while (transfer_guard_header(&guard, (struct span){line, len})) {
		assert_true(transfer_guard_body(&guard, 1)); /* between head and trailers */
		count++;
	}
	free(line);
	assert_int_equal(guard.end, TRANSFER_INVALID);
	assert_non_null(strstr(guard.error, "headers take more than 262144 bytes"));
	return count;
}

static void headers_are_counted_to_the_end(void **state)
{
	(void)state;
	assert_int_equal(count_lines(1000), TRANSFER_HEADER_BYTES / 1064);
	assert_int_equal(count_lines(0), TRANSFER_HEADER_BYTES / 64);
	assert_int_equal(count_lines(TRANSFER_HEADER_BYTES), 0);
}

static void transfer_is_late_when_a_time_is_over(void **state)
{
	struct transfer_guard guard = begin(0, LONG);

	(void)state;
	assert_true(transfer_guard_time_left(&guard) <= 0);
	assert_int_equal(guard.end, TRANSFER_LATE);
	assert_string_equal(guard.error, "the answer was not whole after 0 seconds");
	guard = begin(LONG, 1);
	guard.last_byte -= 1;
	assert_true(transfer_guard_time_left(&guard) <= 0);
	assert_int_equal(guard.end, TRANSFER_LATE);
	assert_string_equal(guard.error, "no byte came for 1 seconds");
	guard = begin(LONG, LONG / 2.0);
	assert_true(transfer_guard_time_left(&guard) > LONG / 2.0 - 1);
	assert_true(transfer_guard_time_left(&guard) <= LONG / 2.0);
	assert_int_equal(guard.end, TRANSFER_GOES_ON);
}

static void bytes_that_come_when_the_whole_time_is_over_end_it(void **state)
{
	struct transfer_guard guard = begin(0, LONG);

	(void)state;
	assert_false(transfer_guard_body(&guard, 1));
	assert_int_equal(guard.end, TRANSFER_LATE);
	guard = begin(0, LONG);
	assert_false(transfer_guard_header(&guard, SPAN("a: b\r\n")));
	assert_int_equal(guard.end, TRANSFER_LATE);
	assert_string_equal(guard.error, "the answer was not whole after 0 seconds");
	/* A silence that they end is over. */
	guard = begin(LONG, 1);
	guard.last_byte -= 2;
	assert_true(transfer_guard_waits_in_vain(&guard));
	assert_true(transfer_guard_body(&guard, 1));
	assert_false(transfer_guard_waits_in_vain(&guard));
}

static void bytes_without_an_event_do_not_prolong_the_wait_for_it(void **state)
{
	struct transfer_guard guard = begin_stream(LONG, 2, LONG);

	(void)state;
	assert_true(transfer_guard_time_left(&guard) <= 2);
	guard.begun_at -= 2;
	assert_true(transfer_guard_body(&guard, 1));
	assert_true(transfer_guard_waits_in_vain(&guard));
	assert_true(transfer_guard_time_left(&guard) <= 0);
	assert_int_equal(guard.end, TRANSFER_LATE);
	assert_string_equal(guard.error, "no event came for 2 seconds");
}

static void silence_counts_from_the_first_event_on(void **state)
{
	struct transfer_guard guard = begin_stream(LONG, 100, 2);

	(void)state;
	guard.last_byte -= 50;
	assert_true(transfer_guard_time_left(&guard) > 90);
	guard.begun_at -= 200;
	transfer_guard_note_event(&guard);
	assert_true(transfer_guard_body(&guard, 1));
	assert_true(transfer_guard_time_left(&guard) <= 2);
	assert_int_equal(guard.end, TRANSFER_GOES_ON);
	guard.last_byte -= 2;
	transfer_guard_time_left(&guard);
	assert_string_equal(guard.error, "no byte came for 2 seconds");
}

static void answer_that_is_no_stream_has_the_whole_time(void **state)
{
	struct transfer_guard guard = begin_stream(LONG, 1, 1);

	(void)state;
	transfer_guard_be_patient(&guard);
	guard.begun_at -= 10;
	guard.last_byte -= 10;
	assert_false(transfer_guard_waits_in_vain(&guard));
	assert_true(transfer_guard_time_left(&guard) > LONG - 20);
	assert_int_equal(guard.end, TRANSFER_GOES_ON);
}

static void restart_gives_more_time(void **state)
{
	struct transfer_guard guard = begin(0, 0);

	(void)state;
	transfer_guard_restart(&guard, (struct transfer_times){.whole = LONG, .silence = LONG});
	assert_true(transfer_guard_time_left(&guard) > LONG - 1);
	assert_int_equal(guard.end, TRANSFER_GOES_ON);
}

static void brief_one_ends_as_enough(void **state)
{
	struct transfer_guard guard = begin(LONG, LONG);

	(void)state;
	transfer_guard_be_brief(&guard);
	assert_true(transfer_guard_time_left(&guard) <= TRANSFER_BRIEF_SECONDS);
	assert_true(transfer_guard_body(&guard, TRANSFER_BRIEF_BYTES - 1));
	assert_false(transfer_guard_body(&guard, 1));
	assert_int_equal(guard.end, TRANSFER_ENOUGH);
	assert_string_equal(guard.error, "");
}

static void brief_one_that_is_late_has_brought_enough(void **state)
{
	struct transfer_guard guard = begin(0, LONG);

	(void)state;
	transfer_guard_be_brief(&guard);
	transfer_guard_time_left(&guard);
	assert_int_equal(guard.end, TRANSFER_ENOUGH);
	guard = begin(LONG, 1);
	transfer_guard_be_brief(&guard);
	guard.last_byte -= 1;
	transfer_guard_time_left(&guard);
	assert_int_equal(guard.end, TRANSFER_ENOUGH);
	guard = begin(0, LONG);
	transfer_guard_be_brief(&guard);
	assert_false(transfer_guard_body(&guard, 1));
	assert_int_equal(guard.end, TRANSFER_ENOUGH);
}

static void body_of_another_has_no_bound(void **state)
{
	struct transfer_guard guard = begin(LONG, LONG);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(transfer_guard_body(&guard, TRANSFER_BRIEF_BYTES));
}

static bool turn(struct transfer_guard *guard, int times)
{
	CURL *easy = curl_easy_init();
	bool goes_on = true;

	while (times-- > 0)
		goes_on = transfer_guard_turn(guard, easy);
	curl_easy_cleanup(easy);
	return goes_on;
}

static void reads_that_bring_nothing_are_counted(void **state)
{
	struct transfer_guard guard = begin(LONG, LONG);

	(void)state;
	assert_true(turn(&guard, 1000));
	assert_false(turn(&guard, 200));
	assert_int_equal(guard.end, TRANSFER_INVALID);
	assert_string_equal(guard.error, "what comes has no part of an answer in it");
}

static void reads_that_bring_something_begin_the_count_again(void **state)
{
	struct transfer_guard guard = begin(LONG, LONG);

	(void)state;
	assert_true(turn(&guard, 1000));
	assert_true(transfer_guard_body(&guard, 1));
	assert_true(turn(&guard, 1000));
	assert_true(transfer_guard_header(&guard, SPAN("a: b\r\n")));
	assert_true(turn(&guard, 1000));
}

static void signs_of_life_may_go_on(void **state)
{
	struct transfer_guard guard = begin(LONG, LONG);

	(void)state;
	guard.last_byte -= 500;
	assert_true(turn(&guard, 6000));
	assert_false(turn(&guard, 200));
}

static void first_reason_stays(void **state)
{
	struct transfer_guard guard = begin(LONG, LONG);

	(void)state;
	transfer_guard_note_code(&guard, CURLE_OK);
	assert_int_equal(guard.end, TRANSFER_GOES_ON);
	transfer_guard_refuse(&guard, "its status is %d", 700);
	transfer_guard_refuse(&guard, "no");
	transfer_guard_note_code(&guard, CURLE_BAD_CONTENT_ENCODING);
	guard.ends_at = 0;
	transfer_guard_time_left(&guard);
	assert_int_equal(guard.end, TRANSFER_INVALID);
	assert_string_equal(guard.error, "its status is 700");
}

static void coding_that_libcurl_refuses_is_refused(void **state)
{
	struct transfer_guard guard = begin(LONG, LONG);

	(void)state;
	transfer_guard_note_code(&guard, CURLE_BAD_CONTENT_ENCODING);
	assert_int_equal(guard.end, TRANSFER_INVALID);
	assert_non_null(strstr(guard.error, "transfer coding"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chunked_is_the_one_coding_that_is_taken),
	    cmocka_unit_test(other_headers_may_say_what_they_like),
	    cmocka_unit_test(a_status_has_three_digits),
	    cmocka_unit_test(headers_are_counted_to_the_end),
	    cmocka_unit_test(transfer_is_late_when_a_time_is_over),
	    cmocka_unit_test(bytes_that_come_when_the_whole_time_is_over_end_it),
	    cmocka_unit_test(bytes_without_an_event_do_not_prolong_the_wait_for_it),
	    cmocka_unit_test(silence_counts_from_the_first_event_on),
	    cmocka_unit_test(answer_that_is_no_stream_has_the_whole_time),
	    cmocka_unit_test(restart_gives_more_time),
	    cmocka_unit_test(brief_one_ends_as_enough),
	    cmocka_unit_test(brief_one_that_is_late_has_brought_enough),
	    cmocka_unit_test(body_of_another_has_no_bound),
	    cmocka_unit_test(reads_that_bring_nothing_are_counted),
	    cmocka_unit_test(reads_that_bring_something_begin_the_count_again),
	    cmocka_unit_test(signs_of_life_may_go_on),
	    cmocka_unit_test(first_reason_stays),
	    cmocka_unit_test(coding_that_libcurl_refuses_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
