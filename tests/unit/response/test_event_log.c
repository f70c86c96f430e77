#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/response/event_log.h"

static void add(struct event_log *log, const char *text)
{
	buf_puts(event_log_room(log), text);
	event_log_added(log);
}

static void assert_at(const struct event_log *log, size_t i, const char *text)
{
	assert_true(span_is(event_log_at(log, i), text));
}

static void an_empty_log_begins_with_zero(void **state)
{
	struct event_log log = {0};

	(void)state;
	assert_int_equal(event_log_next(&log), 0);
	assert_int_equal(event_log_count(&log), 0);
	event_log_drop(&log, 0);
	assert_int_equal(event_log_next(&log), 0);
	event_log_close(&log);
}

static void events_are_kept_in_order_and_numbered_from_the_first(void **state)
{
	struct event_log log = {0};

	(void)state;
	event_log_open(&log, 7, 100);
	add(&log, "one");
	add(&log, "");
	add(&log, "three");
	assert_int_equal(event_log_count(&log), 3);
	assert_int_equal(event_log_next(&log), 10);
	assert_int_equal(log.first, 7);
	assert_at(&log, 0, "one");
	assert_at(&log, 1, "");
	assert_at(&log, 2, "three");
	assert_true(log.bytes == 108);
	event_log_close(&log);
	assert_int_equal(event_log_next(&log), 0);
}

static void what_is_dropped_leaves_the_numbers_of_the_rest(void **state)
{
	struct event_log log = {0};

	(void)state;
	event_log_open(&log, 3, 0);
	for (int i = 0; i < 100; i++) {
		buf_printf(event_log_room(&log), "event %d", i);
		event_log_added(&log);
	}
	event_log_drop(&log, 98);
	assert_int_equal(log.first, 101);
	assert_int_equal(event_log_next(&log), 103);
	assert_at(&log, 0, "event 98");
	assert_at(&log, 1, "event 99");
	add(&log, "more");
	assert_at(&log, 2, "more");
	event_log_drop(&log, 3);
	assert_int_equal(event_log_count(&log), 0);
	assert_int_equal(event_log_next(&log), 104);
	add(&log, "again");
	assert_at(&log, 0, "again");
	event_log_close(&log);
}

static void an_empty_log_keeps_little_memory(void **state)
{
	struct event_log log = {0};
	unsigned long long bytes;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_putc(event_log_room(&log), 'x');
	event_log_added(&log);
	bytes = log.bytes;
	event_log_drop(&log, 1);
	assert_true(log.text.cap <= 16384);
	assert_true(log.bytes == bytes);
	event_log_close(&log);
}

static void opening_forgets_what_was_there(void **state)
{
	struct event_log log = {0};

	(void)state;
	add(&log, "old");
	event_log_open(&log, 40, 9);
	assert_int_equal(event_log_count(&log), 0);
	assert_int_equal(event_log_next(&log), 40);
	assert_true(log.bytes == 9);
	event_log_close(&log);
}

static void a_batch_is_as_much_as_one_write_may_be(void **state)
{
	struct event_log log = {0};
	struct buf half = {0};

	(void)state;
	assert_int_equal(event_log_batch(&log), 0);
	for (int i = 0; i < EVENT_LOG_BATCH / 2; i++)
		buf_putc(&half, 'x');
	add(&log, buf_cstr(&half));
	add(&log, buf_cstr(&half));
	assert_int_equal(event_log_batch(&log), 2);
	add(&log, "more");
	assert_int_equal(event_log_batch(&log), 2);
	event_log_drop(&log, 2);
	buf_append_span(event_log_room(&log), buf_span(&half));
	buf_append_span(event_log_room(&log), buf_span(&half));
	add(&log, "more");
	assert_int_equal(event_log_batch(&log), 1);
	event_log_drop(&log, 1);
	assert_int_equal(event_log_batch(&log), 1);
	event_log_close(&log);
	buf_free(&half);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_log_begins_with_zero),
	    cmocka_unit_test(events_are_kept_in_order_and_numbered_from_the_first),
	    cmocka_unit_test(what_is_dropped_leaves_the_numbers_of_the_rest),
	    cmocka_unit_test(an_empty_log_keeps_little_memory),
	    cmocka_unit_test(opening_forgets_what_was_there),
	    cmocka_unit_test(a_batch_is_as_much_as_one_write_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
