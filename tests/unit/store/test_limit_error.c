#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/limit_error.h"

static const struct key_limits limits = {.rpm = 60,
    .tpm = 1000,
    .max_parallel = 3,
    .max_queue = 7,
    .weight = 1,
    .max_budget = 2.5,
    .budget_seconds = 3600};

static struct admission refused(enum limit limit, long long wait_ms)
{
	return (struct admission){
	    .limit = limit,
	    .wait_ms = wait_ms,
	    .requests = {.limit = 60, .remaining = 0, .reset_ms = 60000},
	    .tokens = {.limit = 1000, .remaining = 400, .reset_ms = 36020},
	};
}

static void expect_error(enum limit limit, long long wait_ms, long long tokens, const char *type,
    const char *code, const char *message)
{
	const struct admission admission = refused(limit, wait_ms);
	struct api_error error;

	limit_error(&error, &admission, &limits, tokens);
	assert_int_equal(error.status, 429);
	assert_null(error.param);
	assert_string_equal(error.type, type);
	assert_string_equal(error.code, code);
	assert_string_equal(error.message, message);
}

static void each_limit_is_named_with_when_to_try_again(void **state)
{
	(void)state;
	expect_error(LIMIT_RPM, 1000, 5, "requests", "rate_limit_exceeded",
	    "Rate limit reached for this API key on requests per min (RPM): Limit 60, Used 60, "
	    "Requested 1. Please try again in 1s.");
	expect_error(LIMIT_TPM, 6020, 500, "tokens", "rate_limit_exceeded",
	    "Rate limit reached for this API key on tokens per min (TPM): Limit 1000, Used 600, "
	    "Requested 500. Please try again in 6.02s.");
	expect_error(LIMIT_MAX_QUEUE, 1000, 5, "requests", "rate_limit_exceeded",
	    "Too many requests of this API key are waiting: Limit 7 ('max_queue'). Please try "
	    "again in 1s.");
	expect_error(LIMIT_MAX_PARALLEL, 1000, 5, "requests", "rate_limit_exceeded",
	    "Too many requests of this API key are running: Limit 3 ('max_parallel'). Please try "
	    "again in 1s.");
	expect_error(LIMIT_MAX_BUDGET, 90000, 5, "insufficient_quota", "insufficient_quota",
	    "You exceeded your current quota: the budget of this API key, 'max_budget' 2.5, is "
	    "spent. Please try again in 1m30s.");
}

static void a_budget_that_never_begins_anew_says_so(void **state)
{
	const struct admission admission = refused(LIMIT_MAX_BUDGET, 0);

	(void)state;
	expect_error(LIMIT_MAX_BUDGET, 0, 5, "insufficient_quota", "insufficient_quota",
	    "You exceeded your current quota: the budget of this API key, 'max_budget' 2.5, is "
	    "spent, and it does not begin anew.");
	assert_int_equal(limit_retry_after(&admission), 0);
}

static void no_more_tokens_are_asked_for_than_there_can_ever_be(void **state)
{
	(void)state;
	expect_error(LIMIT_TPM, 36020, 5000, "tokens", "rate_limit_exceeded",
	    "Rate limit reached for this API key on tokens per min (TPM): Limit 1000, Used 600, "
	    "Requested 1000. Please try again in 36.02s.");
}

static long long retry_after(long long wait_ms)
{
	const struct admission admission = refused(LIMIT_RPM, wait_ms);

	return limit_retry_after(&admission);
}

static void seconds_to_wait_are_rounded_up(void **state)
{
	(void)state;
	assert_int_equal(retry_after(1), 1);
	assert_int_equal(retry_after(1000), 1);
	assert_int_equal(retry_after(1001), 2);
	assert_int_equal(retry_after(86400000), 86400);
}

static void expect_duration(long long ms, const char *expected)
{
	char text[LIMIT_DURATION_SIZE];

	limit_duration(text, ms);
	assert_string_equal(text, expected);
}

static void durations_are_written_as_openai_does(void **state)
{
	(void)state;
	expect_duration(0, "0s");
	expect_duration(20, "20ms");
	expect_duration(1000, "1s");
	expect_duration(1500, "1.5s");
	expect_duration(1050, "1.05s");
	expect_duration(7002, "7.002s");
	expect_duration(60000, "1m0s");
	expect_duration(360000, "6m0s");
	expect_duration(3600000, "1h0m0s");
	expect_duration(100 * 3600000LL + 61001, "100h1m1.001s");
}

static void add_line(void *ctx, const char *name, const char *value)
{
	buf_printf(ctx, "%s: %s\n", name, value);
}

static void expect_headers(const struct admission *admission, const char *expected)
{
	struct buf lines = {0};

	limit_headers(admission, add_line, &lines);
	assert_string_equal(buf_cstr(&lines), expected);
	buf_free(&lines);
}

static void headers_tell_of_the_rates_that_are_limited(void **state)
{
	struct admission admission = refused(LIMIT_NONE, 0);

	(void)state;
	expect_headers(&admission, "x-ratelimit-limit-requests: 60\n"
				   "x-ratelimit-remaining-requests: 0\n"
				   "x-ratelimit-reset-requests: 1m0s\n"
				   "x-ratelimit-limit-tokens: 1000\n"
				   "x-ratelimit-remaining-tokens: 400\n"
				   "x-ratelimit-reset-tokens: 36.02s\n");
	admission.requests.limit = UNLIMITED;
	expect_headers(&admission, "x-ratelimit-limit-tokens: 1000\n"
				   "x-ratelimit-remaining-tokens: 400\n"
				   "x-ratelimit-reset-tokens: 36.02s\n");
	expect_headers(&admission_unlimited, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_limit_is_named_with_when_to_try_again),
	    cmocka_unit_test(a_budget_that_never_begins_anew_says_so),
	    cmocka_unit_test(no_more_tokens_are_asked_for_than_there_can_ever_be),
	    cmocka_unit_test(seconds_to_wait_are_rounded_up),
	    cmocka_unit_test(durations_are_written_as_openai_does),
	    cmocka_unit_test(headers_tell_of_the_rates_that_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
