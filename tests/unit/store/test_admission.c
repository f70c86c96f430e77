#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/admission.h"

static void expect_written(
    const struct key_limits *limits, long long reserved, const char *expected)
{
	struct buf out = {0};

	limits_write(&out, limits, reserved);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void limits_are_written_as_the_scripts_take_them(void **state)
{
	static const struct key_limits none = KEY_LIMITS_NONE;
	static const struct key_limits all = {.rpm = 60,
	    .tpm = 100000000,
	    .max_parallel = 0,
	    .max_queue = 500,
	    .weight = 0.25,
	    .max_budget = 12.5,
	    .budget_seconds = 2592000};

	(void)state;
	expect_written(&none, 0, "- - - - 1 - - 0");
	expect_written(&all, 1234, "60 100000000 0 500 0.25 12.5 2592000000 1234");
}

static void a_budget_of_nothing_is_one_and_may_never_begin_anew(void **state)
{
	struct key_limits limits = KEY_LIMITS_NONE;

	(void)state;
	limits.max_budget = 0;
	expect_written(&limits, 0, "- - - - 1 0 0 0");
	assert_true(limits_can_refuse(&limits));
}

static void max_queue_and_weight_alone_refuse_nothing_that_is_passed_through(void **state)
{
	struct key_limits limits = KEY_LIMITS_NONE;

	(void)state;
	limits.max_queue = 1;
	limits.weight = 3;
	assert_false(limits_can_refuse(&limits));
	limits.rpm = 1;
	assert_true(limits_can_refuse(&limits));
	limits = (struct key_limits)KEY_LIMITS_NONE;
	limits.tpm = 1;
	assert_true(limits_can_refuse(&limits));
	limits = (struct key_limits)KEY_LIMITS_NONE;
	limits.max_parallel = 1;
	assert_true(limits_can_refuse(&limits));
}

static void no_more_is_reserved_than_there_can_be_and_nothing_without_a_limit(void **state)
{
	struct key_limits limits = KEY_LIMITS_NONE;

	(void)state;
	assert_int_equal(limits_reserve(&limits, 500), 0);
	limits.tpm = 1000;
	assert_int_equal(limits_reserve(&limits, 500), 500);
	assert_int_equal(limits_reserve(&limits, 5000), 1000);
}

enum { ELEMENTS = 8 };

/* What a script says. */
static struct admission read_reply(const long long *numbers, size_t count)
{
	redisReply elements[ELEMENTS], *pointers[ELEMENTS];
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = count, .element = pointers};

	for (size_t i = 0; i < count; i++) {
		elements[i] = (redisReply){.type = REDIS_REPLY_INTEGER, .integer = numbers[i]};
		pointers[i] = &elements[i];
	}
	return admission_read(&reply);
}

static void what_is_refused_says_by_which_limit_and_how_it_stands(void **state)
{
	static const struct {
		long long why;
		enum limit limit;
	} reasons[] = {{1, LIMIT_NONE}, {4, LIMIT_RPM}, {5, LIMIT_TPM}, {6, LIMIT_MAX_QUEUE},
	    {7, LIMIT_MAX_BUDGET}, {10, LIMIT_MAX_PARALLEL}, {11, LIMIT_NONE}, {-1, LIMIT_NONE}};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct admission admission = read_reply(
		    (long long[]){reasons[i].why, 1500, 60, 2, 58000, 1000, 0, 60000}, ELEMENTS);

		assert_int_equal(admission.limit, reasons[i].limit);
		assert_int_equal(admission.wait_ms, 1500);
		assert_int_equal(admission.requests.limit, 60);
		assert_int_equal(admission.requests.remaining, 2);
		assert_int_equal(admission.requests.reset_ms, 58000);
		assert_int_equal(admission.tokens.limit, 1000);
		assert_int_equal(admission.tokens.remaining, 0);
		assert_int_equal(admission.tokens.reset_ms, 60000);
	}
}

static void expect_rate(
    const struct rate_left *rate, long long limit, long long remaining, long long reset_ms)
{
	assert_int_equal(rate->limit, limit);
	assert_int_equal(rate->remaining, remaining);
	assert_int_equal(rate->reset_ms, reset_ms);
}

static void what_is_granted_says_what_is_left(void **state)
{
	static const struct key_limits both = {.rpm = 60, .tpm = 7};
	struct admission admission = admission_granted(&both, "58500 -1 1790000000000");

	(void)state;
	assert_int_equal(admission.limit, LIMIT_NONE);
	expect_rate(&admission.requests, 60, 58, 1500);
	expect_rate(&admission.tokens, 7, 0, 60009); /* rounded up */
	admission = admission_granted(&both, "60000 7000 1790000000000");
	expect_rate(&admission.requests, 60, 60, 0);
	expect_rate(&admission.tokens, 7, 7, 0);
}

static void of_what_has_no_limit_nothing_is_told_as_left(void **state)
{
	struct key_limits one = {.rpm = UNLIMITED, .tpm = 1000};
	struct admission admission = admission_granted(&one, "- 250999 1790000000000");

	(void)state;
	expect_rate(&admission.requests, UNLIMITED, 0, 0);
	expect_rate(&admission.tokens, 1000, 250, 44941);
	one = (struct key_limits){.rpm = 2, .tpm = UNLIMITED};
	admission = admission_granted(&one, "1000 - 1790000000000");
	expect_rate(&admission.requests, 2, 1, 30000);
	expect_rate(&admission.tokens, UNLIMITED, 0, 0);
	admission = admission_granted(&one, "nonsense");
	expect_rate(&admission.requests, UNLIMITED, 0, 0);
	expect_rate(&admission.tokens, UNLIMITED, 0, 0);
}

static void any_other_reply_is_of_what_has_no_limits(void **state)
{
	const redisReply one = {.type = REDIS_REPLY_INTEGER, .integer = 1};
	struct admission admission = admission_read(&one);

	(void)state;
	assert_int_equal(admission.limit, LIMIT_NONE);
	assert_int_equal(admission.requests.limit, UNLIMITED);
	assert_int_equal(admission.tokens.limit, UNLIMITED);
	admission = read_reply((long long[]){9}, 1);
	assert_int_equal(admission.limit, LIMIT_NONE);
	assert_int_equal(admission.requests.limit, UNLIMITED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(limits_are_written_as_the_scripts_take_them),
	    cmocka_unit_test(a_budget_of_nothing_is_one_and_may_never_begin_anew),
	    cmocka_unit_test(max_queue_and_weight_alone_refuse_nothing_that_is_passed_through),
	    cmocka_unit_test(no_more_is_reserved_than_there_can_be_and_nothing_without_a_limit),
	    cmocka_unit_test(what_is_refused_says_by_which_limit_and_how_it_stands),
	    cmocka_unit_test(what_is_granted_says_what_is_left),
	    cmocka_unit_test(of_what_has_no_limit_nothing_is_told_as_left),
	    cmocka_unit_test(any_other_reply_is_of_what_has_no_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
