#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/response/gateway_members.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void litellms_own_members_are_known(void **state)
{
	static const char *const names[] = {"additional_drop_params", "allowed_openai_params",
	    "api_base", "api_key", "api_version", "aws_secret_access_key", "azure_ad_token",
	    "base_url", "cache", "caching", "content_policy_fallbacks", "context_window_fallbacks",
	    "cooldown_time", "custom_llm_provider", "disable_fallbacks", "drop_params",
	    "enable_json_schema_validation", "fallbacks", "guardrails", "input_cost_per_token",
	    "langfuse_public_key", "litellm_metadata", "litellm_session_id", "max_retries",
	    "mock_response", "mock_testing_fallbacks", "mock_timeout", "model_info", "no-log",
	    "num_retries", "num_retries_per_request", "policies", "proxy_server_request",
	    "request_timeout", "retry_policy", "retry_strategy", "stream_timeout", "tags",
	    "timeout", "ttl", "user_config", "vertex_credentials", "weave_project_id"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (!gateway_member_is_ours(span_of(names[i])))
			fail_msg("%s", names[i]);
	}
}

static void members_of_the_apis_are_not_taken_for_the_gateways(void **state)
{
	static const char *const names[] = {"", "a", "aws_", "background", "cache_control",
	    "cache_salt", "cachex", "conversation", "frequency_penalty", "include", "input",
	    "instructions", "logit_bias", "max_output_tokens", "max_tokens", "max_tool_calls",
	    "messages", "metadata", "mock", "modalities", "model", "n", "parallel_tool_calls",
	    "prediction", "previous_response_id", "priority", "prompt", "prompt_cache_key",
	    "prompt_cache_retention", "reasoning", "reasoning_effort", "response_format",
	    "safety_identifier", "seed", "service_tier", "stop", "store", "stream",
	    "stream_options", "temperature", "text", "timeout_ms", "tool_choice", "tools", "top_k",
	    "top_logprobs", "top_p", "truncation", "user", "verbosity", "web_search_options",
	    "dimensions", "encoding_format", "zzz"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		/* A name that is only the beginning of a group is one of the group. */
		bool expected = strcmp(names[i], "aws_") == 0;

		if (gateway_member_is_ours(span_of(names[i])) != expected)
			fail_msg("%s", names[i]);
	}
}

static void what_is_obeyed_is_read(void **state)
{
	struct gateway_members members;
	struct api_error error;

	(void)state;
	assert_true(gateway_members_read(&members,
	    SPAN("{\"model\":\"m\",\"timeout\":2.5,\"stream_timeout\":1e9,\"num_retries\":1000,"
		 "\"fallbacks\":[\"a\"],\"context_window_fallbacks\":null}"),
	    &error));
	assert_true(members.obeyed && !members.unmet && !members.disable_fallbacks);
	assert_float_equal(members.timeout, 2.5, 0.001);
	assert_float_equal(members.stream_timeout, 7 * 24 * 3600, 0.001);
	assert_int_equal(members.num_retries, 100);
	assert_true(span_is(members.fallbacks[0], "[\"a\"]"));
	assert_int_equal(members.fallbacks[1].len, 0);
	assert_true(gateway_members_read(&members, SPAN("{\"input\":1,\"tags\":[]}"), &error));
	assert_true(!members.obeyed && !members.unmet && members.num_retries == -1);
	assert_true(gateway_members_read(&members, SPAN("{\"guardrails\":[\"g\"]}"), &error));
	assert_true(!members.obeyed && members.unmet);
}

static void a_wrong_type_is_named(void **state)
{
	static const struct {
		const char *body, *param, *code;
	} cases[] = {
	    {"{\"timeout\":\"30\"}", "timeout", "invalid_type"},
	    {"{\"timeout\":0}", "timeout", "invalid_value"},
	    {"{\"request_timeout\":true}", "request_timeout", "invalid_type"},
	    {"{\"stream_timeout\":-1}", "stream_timeout", "invalid_value"},
	    {"{\"num_retries\":[]}", "num_retries", "invalid_type"},
	    {"{\"max_retries\":1.5}", "max_retries", "invalid_value"},
	    {"{\"fallbacks\":\"gpt\"}", "fallbacks", "invalid_type"},
	    {"{\"content_policy_fallbacks\":[1]}", "content_policy_fallbacks", "invalid_type"},
	    {"{\"disable_fallbacks\":\"yes\"}", "disable_fallbacks", "invalid_type"},
	};
	struct gateway_members members;
	struct api_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (gateway_members_read(&members, span_of(cases[i].body), &error))
			fail_msg("%s", cases[i].body);
		assert_int_equal(error.status, 400);
		assert_string_equal(error.param, cases[i].param);
		assert_string_equal(error.code, cases[i].code);
	}
}

static void what_is_obeyed_is_written_without_what_is_not_read_of_it(void **state)
{
	struct gateway_members members;
	struct api_error error;
	struct buf out = {0};

	(void)state;
	assert_true(gateway_members_read(&members,
	    SPAN("{\"api_key\":\"s\",\"time\\u006fut\":0.3,\"model\":\"m\",\"max_retries\":0,"
		 "\"fallbacks\":[\"a\",{\"model\":\"b\",\"api_key\":\"s\"},"
		 "{\"c\":[{\"model\":\"d\",\"input\":[]},\"e\"],\"f\":1}],"
		 "\"context_window_fallbacks\":null,\"content_policy_fallbacks\":[],"
		 "\"disable_fallbacks\":true}"),
	    &error));
	gateway_members_write(&out, &members);
	assert_string_equal(buf_cstr(&out),
	    "\"timeout\":0.3,\"num_retries\":0,\"disable_fallbacks\":true,"
	    "\"fallbacks\":[\"a\",\"b\",{\"c\":[\"d\",\"e\"]}],\"content_policy_fallbacks\":[]");
	buf_free(&out);
	assert_true(gateway_members_read(&members, SPAN("{\"seed\":1}"), &error));
	gateway_members_write(&out, &members);
	assert_int_equal(out.len, 0);
}

static void members_in_front_are_found(void **state)
{
	static const struct {
		const char *joined;
		size_t len;
	} cases[] = {
	    {"", 0},
	    {"\"a\":1,\"timeout\":2", 0},
	    {"\"timeout\":2", 11},
	    {"\"timeout\":2,\"a\":1", 12},
	    {"\"timeout\":2,\"fallbacks\":[\"a,b\"],\"a\":\"timeout\"", 32},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(gateway_members_in_front(span_of(cases[i].joined)), cases[i].len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(litellms_own_members_are_known),
	    cmocka_unit_test(members_of_the_apis_are_not_taken_for_the_gateways),
	    cmocka_unit_test(what_is_obeyed_is_read),
	    cmocka_unit_test(a_wrong_type_is_named),
	    cmocka_unit_test(what_is_obeyed_is_written_without_what_is_not_read_of_it),
	    cmocka_unit_test(members_in_front_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
