#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/response/token_estimate.h"

static void four_bytes_of_a_prompt_are_a_token_rounded_up(void **state)
{
	const struct span unbounded = {0};

	(void)state;
	assert_int_equal(token_estimate(0, unbounded), 0);
	assert_int_equal(token_estimate(1, unbounded), 1);
	assert_int_equal(token_estimate(4, unbounded), 1);
	assert_int_equal(token_estimate(5, unbounded), 2);
}

static void what_the_answer_may_have_is_added(void **state)
{
	(void)state;
	assert_int_equal(token_estimate(8, SPAN("100")), 102);
	assert_int_equal(token_estimate(8, SPAN("null")), 2);
	assert_int_equal(token_estimate(8, SPAN("-5")), 2);
	assert_int_equal(token_estimate(8, SPAN("\"100\"")), 2);
	assert_int_equal(token_estimate(8, SPAN("1e99")), 2);
}

static void a_bound_beyond_all_measure_does_not_overflow(void **state)
{
	(void)state;
	assert_true(token_estimate(SIZE_MAX, SPAN("9223372036854775807")) >= LLONG_MAX / 2);
}

static void the_members_of_each_api_count(void **state)
{
	(void)state;
	assert_int_equal(token_estimate_of_body(SPAN("{\"model\":\"m\",\"input\":\"12345\","
						     "\"instructions\":\"1\","
						     "\"max_output_tokens\":10}")),
	    3 + 10);
	assert_int_equal(
	    token_estimate_of_body(SPAN("{\"messages\":[1,2,3,4],\"max_completion_tokens\":7}")),
	    3 + 7);
	assert_int_equal(token_estimate_of_body(SPAN("{\"max_tokens\":5,\"messages\":[]}")), 1 + 5);
	assert_int_equal(token_estimate_of_body(SPAN("{\"input\":null,\"tools\":[1]}")), 0);
	assert_int_equal(token_estimate_of_body(SPAN("[\"input\"]")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(four_bytes_of_a_prompt_are_a_token_rounded_up),
	    cmocka_unit_test(what_the_answer_may_have_is_added),
	    cmocka_unit_test(a_bound_beyond_all_measure_does_not_overflow),
	    cmocka_unit_test(the_members_of_each_api_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
