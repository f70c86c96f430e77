#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/webhook/webhook_schedule.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const long long pauses[] = {5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR,
    10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR};

enum { PAUSES = sizeof(pauses) / sizeof(pauses[0]) };

static const double none = -1;

static void the_schedule_is_that_of_standard_webhooks(void **state)
{
	(void)state;
	assert_int_equal(PAUSES, WEBHOOK_TRIES - 1);
	for (int i = 0; i < PAUSES; i++)
		assert_int_equal(webhook_pause(i + 1, none, 0.5), pauses[i]);
}

static void chance_moves_a_pause_by_a_tenth(void **state)
{
	(void)state;
	for (int i = 0; i < PAUSES; i++) {
		assert_int_equal(webhook_pause(i + 1, none, 0), pauses[i] / 10 * 9);
		assert_int_equal(webhook_pause(i + 1, none, 1), pauses[i] / 10 * 11);
	}
}

static void behind_the_last_try_there_is_none(void **state)
{
	(void)state;
	assert_int_equal(webhook_pause(WEBHOOK_TRIES, none, 0.5), -1);
	assert_int_equal(webhook_pause(WEBHOOK_TRIES + 1, none, 0.5), -1);
	assert_int_equal(webhook_pause(WEBHOOK_TRIES, 60, 0.5), -1);
}

static void a_receiver_may_ask_for_more_time(void **state)
{
	(void)state;
	assert_int_equal(webhook_pause(1, 0, 0.5), 5 * SECOND);
	assert_int_equal(webhook_pause(1, 4, 0.5), 5 * SECOND);
	assert_int_equal(webhook_pause(1, 7, 0.5), 7 * SECOND);
	assert_int_equal(webhook_pause(1, 7, 0), 7 * SECOND);
	assert_int_equal(webhook_pause(2, 7, 0.5), 5 * MINUTE);
}

static void it_may_ask_for_a_day_at_most(void **state)
{
	(void)state;
	assert_int_equal(webhook_pause(1, 24 * 3600, 0.5), 24 * HOUR);
	assert_int_equal(webhook_pause(1, 24 * 3600 + 1, 0.5), 24 * HOUR);
	assert_int_equal(webhook_pause(1, 1e300, 0.5), 24 * HOUR);
	assert_int_equal(webhook_pause(9, 1e300, 1), 24 * HOUR / 10 * 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_schedule_is_that_of_standard_webhooks),
	    cmocka_unit_test(chance_moves_a_pause_by_a_tenth),
	    cmocka_unit_test(behind_the_last_try_there_is_none),
	    cmocka_unit_test(a_receiver_may_ask_for_more_time),
	    cmocka_unit_test(it_may_ask_for_a_day_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
