#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/provider/refusal.h"

static void assert_each(const char *const *errors, size_t count, enum call_failure failure)
{
	for (size_t i = 0; i < count; i++) {
		if (refusal_failure(400, span_of(errors[i])) != failure)
			fail_msg("%s", errors[i]);
	}
}

static void an_input_that_is_too_long_is_known_by_the_providers_words(void **state)
{
	static const char *const errors[] = {
	    "{\"error\":{\"message\":\"Your input exceeds the context window of this model.\","
	    "\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}",
	    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
	    "\"message\":\"prompt is too long: 213462 tokens > 200000 maximum\"}}",
	    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
	    "\"input length and `max_tokens` exceed context limit: 1 + 2 > 2\"}}",
	    "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 "
	    "tokens.\",\"type\":\"BadRequestError\",\"code\":400}",
	    "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context "
	    "size\",\"type\":\"exceed_context_size_error\"}}",
	    "[{\"error\":{\"code\":400,\"message\":\"The input token count (9) exceeds the "
	    "maximum number of tokens allowed (8).\",\"status\":\"INVALID_ARGUMENT\"}}]",
	    "{\"error\":\"PROMPT IS TOO LONG\"}",
	};

	(void)state;
	assert_each(errors, sizeof(errors) / sizeof(errors[0]), FAILURE_CONTEXT_WINDOW);
	assert_int_equal(refusal_failure(413, span_of(errors[0])), FAILURE_CONTEXT_WINDOW);
}

static void refused_content_is_known_by_the_providers_words(void **state)
{
	static const char *const errors[] = {
	    "{\"error\":{\"message\":\"The response was filtered due to the prompt triggering "
	    "Azure OpenAI's content management policy.\",\"code\":\"content_filter\","
	    "\"innererror\":{\"code\":\"ResponsibleAIPolicyViolation\"}}}",
	    "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"no\"}}",
	    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
	    "\"message\":\"Output blocked by content filtering policy\"}}",
	    "{\"error\":{\"code\":\"invalid_prompt\",\"message\":\"Invalid prompt: your prompt "
	    "was flagged as potentially violating our usage policy.\"}}",
	    "{\"code\":\"cyber_policy\",\"message\":\"\"}",
	};

	(void)state;
	assert_each(errors, sizeof(errors) / sizeof(errors[0]), FAILURE_CONTENT_POLICY);
}

static void a_quota_that_is_spent_is_told_from_too_many_requests(void **state)
{
	static const char *const quotas[] = {
	    "{\"error\":{\"message\":\"Too much.\",\"code\":\"insufficient_quota\"}}",
	    "{\"error\":{\"type\":\"insufficient_quota\"}}",
	    "{\"error\":{\"type\":\"billing_not_active\",\"code\":\"billing_not_active\"}}",
	    "{\"error\":{\"code\":\"billing_hard_limit_reached\"}}",
	    "{\"error\":{\"message\":\"Budget has been exceeded!\",\"type\":\"budget_exceeded\"}}",
	};
	static const char *const others[] = {
	    "",
	    "{}",
	    "{\"error\":{\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
	    "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}",
	    "[{\"error\":{\"message\":\"Check your quota.\",\"status\":\"RESOURCE_EXHAUSTED\"}}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++)
		assert_true(refusal_is_about_quota(span_of(quotas[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(refusal_is_about_quota(span_of(others[i])));
}

static void the_time_of_googles_retry_info_is_found(void **state)
{
	static const struct {
		double told, seconds;
		const char *error;
	} errors[] = {
	    {-1, 34.074824224,
		"[{\"error\":{\"code\":429,\"message\":\"Quota.\",\"status\":"
		"\"RESOURCE_EXHAUSTED\",\"details\":[{\"@type\":"
		"\"type.googleapis.com/google.rpc.Help\"},{\"@type\":"
		"\"type.googleapis.com/google.rpc.RetryInfo\",\n"
		"  \"retryDelay\": \"34.074824224s\"}]}}]"},
	    {-1, 0, "{\"retryDelay\":\"0s\"}"},
	    {7, 7, "{\"retryDelay\":\"34s\"}"},
	    {0, 0, "{\"retryDelay\":\"34s\"}"},
	    {-1, -1, ""},
	    {-1, -1, "{\"error\":{\"message\":\"retryDelay 5s\"}}"},
	    {-1, -1, "{\"retryDelay\""},
	    {-1, -1, "{\"retryDelay\":\"34"},
	    {-1, -1, "{\"retryDelay\":\"s\"}"},
	    {-1, -1, "{\"retryDelay\":\"-3s\"}"},
	    {-1, -1, "{\"retryDelay\":\"3x4s\"}"},
	    {-1, -1, "{\"retryDelay\":12,\"notes\":\"\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		double seconds = refusal_retry_after(errors[i].told, span_of(errors[i].error));

		if (seconds < errors[i].seconds || seconds > errors[i].seconds)
			fail_msg("%s: %g", errors[i].error, seconds);
	}
}

static void any_other_bad_request_stays_one(void **state)
{
	static const char *const errors[] = {
	    "",
	    "{\"error\":{\"code\":\"invalid_prompt\",\"message\":\"Bad image.\"}}",
	    "{\"error\":{\"code\":\"string_above_max_length\",\"message\":\"'user' too long.\"}}",
	};

	(void)state;
	assert_each(errors, sizeof(errors) / sizeof(errors[0]), FAILURE_REQUEST);
}

static void another_status_says_more_than_the_words(void **state)
{
	struct span error = SPAN("{\"error\":\"prompt is too long\"}");

	(void)state;
	assert_int_equal(refusal_failure(429, error), FAILURE_PASSING);
	assert_int_equal(refusal_failure(500, error), FAILURE_PASSING);
	assert_int_equal(refusal_failure(404, error), FAILURE_DEPLOYMENT);
	assert_int_equal(refusal_failure(0, error), FAILURE_PASSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_input_that_is_too_long_is_known_by_the_providers_words),
	    cmocka_unit_test(refused_content_is_known_by_the_providers_words),
	    cmocka_unit_test(a_quota_that_is_spent_is_told_from_too_many_requests),
	    cmocka_unit_test(the_time_of_googles_retry_info_is_found),
	    cmocka_unit_test(any_other_bad_request_stays_one),
	    cmocka_unit_test(another_status_says_more_than_the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
