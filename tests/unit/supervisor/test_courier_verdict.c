#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/supervisor/courier_verdict.h"
#include "common/webhook/webhook_schedule.h"

static const double CHANCE = 0.5;

static struct courier_verdict judge(long status, double retry_after, int failed)
{
	const struct webhook_result result = {
	    .status = status,
	    .retry_after = retry_after,
	    .error = status >= 200 && status <= 299 ? "" : "it has failed",
	};

	return courier_judge(&result, failed, CHANCE);
}

static void a_success_ends_the_delivery(void **state)
{
	struct courier_verdict verdict = judge(204, 60, 3);

	(void)state;
	assert_int_equal(verdict.outcome, WEBHOOK_DELIVERED);
	assert_int_equal(verdict.alone_ms, 0);
	assert_false(verdict.off);
}

static void a_failure_is_tried_again_as_the_schedule_has_it(void **state)
{
	static const long statuses[] = {0, 302, 404, 408, 500};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct courier_verdict verdict = judge(statuses[i], -1, 2);

		assert_int_equal(verdict.outcome, WEBHOOK_TRY_FAILED);
		assert_int_equal(verdict.pause_ms, webhook_pause(3, -1, CHANCE));
		assert_int_equal(verdict.alone_ms, 0);
		assert_false(verdict.off);
	}
}

static void the_last_failure_is_the_end(void **state)
{
	struct courier_verdict verdict = judge(500, 60, WEBHOOK_TRIES - 1);

	(void)state;
	assert_int_equal(verdict.outcome, WEBHOOK_DEAD);
	assert_int_equal(verdict.pause_ms, 0);
	assert_int_equal(judge(500, -1, WEBHOOK_TRIES - 2).outcome, WEBHOOK_TRY_FAILED);
}

static void one_that_is_gone_wants_nothing_any_more(void **state)
{
	struct courier_verdict verdict = judge(410, 60, 0);

	(void)state;
	assert_int_equal(verdict.outcome, WEBHOOK_DEAD);
	assert_true(verdict.off);
}

static void one_that_has_too_much_is_left_alone_for_an_hour_at_most(void **state)
{
	(void)state;
	assert_int_equal(judge(429, 90, 0).alone_ms, 90000);
	assert_int_equal(judge(503, 90.5, 0).alone_ms, 90500);
	assert_int_equal(judge(503, 1e12, 0).alone_ms, 3600000);
	assert_int_equal(judge(429, -1, 0).alone_ms, 0);
	assert_int_equal(judge(503, 90, WEBHOOK_TRIES - 1).alone_ms, 90000);
}

static void any_other_failure_that_names_a_time_is_alone_with_it(void **state)
{
	struct courier_verdict verdict = judge(500, 400, 0);

	(void)state;
	assert_int_equal(verdict.alone_ms, 0);
	assert_int_equal(verdict.pause_ms, webhook_pause(1, 400, CHANCE));
	assert_true(verdict.pause_ms >= 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_success_ends_the_delivery),
	    cmocka_unit_test(a_failure_is_tried_again_as_the_schedule_has_it),
	    cmocka_unit_test(the_last_failure_is_the_end),
	    cmocka_unit_test(one_that_is_gone_wants_nothing_any_more),
	    cmocka_unit_test(one_that_has_too_much_is_left_alone_for_an_hour_at_most),
	    cmocka_unit_test(any_other_failure_that_names_a_time_is_alone_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
