#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/response/usage.h"

static void assert_usage(
    const char *text, long long input, long long output, long long cached, long long reasoning)
{
	struct usage usage = usage_read(span_of(text));

	assert_int_equal(usage.input, input);
	assert_int_equal(usage.output, output);
	assert_int_equal(usage.cached, cached);
	assert_int_equal(usage.reasoning, reasoning);
}

static void tokens_are_read_with_what_is_said_of_them(void **state)
{
	(void)state;
	assert_usage("{\"input_tokens\":12,\"input_tokens_details\":{\"cached_tokens\":8},"
		     "\"output_tokens\":34,\"output_tokens_details\":{\"reasoning_tokens\":0},"
		     "\"total_tokens\":46}",
	    12, 34, 8, 0);
}

static void what_is_not_told_or_no_number_is_unknown(void **state)
{
	(void)state;
	assert_usage("", -1, -1, -1, -1);
	assert_usage("null", -1, -1, -1, -1);
	assert_usage("[1]", -1, -1, -1, -1);
	assert_usage("{\"input_tokens\":5}", 5, -1, -1, -1);
	assert_usage("{\"input_tokens\":-5,\"output_tokens\":1.5,\"input_tokens_details\":null,"
		     "\"output_tokens_details\":[]}",
	    -1, -1, -1, -1);
	assert_usage("{\"output_tokens\":\"7\"}", -1, -1, -1, -1);
}

static void more_than_a_provider_can_mean_is_unknown(void **state)
{
	(void)state;
	assert_usage(
	    "{\"input_tokens\":1000000000,\"output_tokens\":1000000001}", USAGE_MOST, -1, -1, -1);
	assert_usage("{\"input_tokens\":9223372036854775807,\"output_tokens\":1e300,"
		     "\"input_tokens_details\":{\"cached_tokens\":99999999999999999999}}",
	    -1, -1, -1, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tokens_are_read_with_what_is_said_of_them),
	    cmocka_unit_test(what_is_not_told_or_no_number_is_unknown),
	    cmocka_unit_test(more_than_a_provider_can_mean_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
