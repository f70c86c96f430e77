#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/model_request.h"

static struct model_request parsed(const char *body)
{
	struct model_request request;
	struct api_error error;

	if (!model_request_parse(&request, span_of(body), &error))
		fail_msg("%s: %s", body, error.message);
	return request;
}

static void refused(const char *body, const char *param, const char *text)
{
	struct model_request request;
	struct api_error error = {0};

	if (model_request_parse(&request, span_of(body), &error))
		fail_msg("accepted: %s", body);
	assert_int_equal(error.status, 400);
	if (param == NULL)
		assert_null(error.param);
	else
		assert_string_equal(error.param, param);
	if (strstr(error.message, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, text);
}

static void model_and_stream_alone_are_looked_at(void **state)
{
	struct model_request request =
	    parsed("{\"input\":[[1,2]],\"metadata\":\"any\",\"m\\u006fdel\":"
		   "\"a\\/b\",\"stream\":true,\"tools\":7}");

	(void)state;
	assert_string_equal(request.model, "a/b");
	assert_true(request.stream);
	model_request_free(&request);
}

static void what_is_no_object_or_has_a_member_twice_is_refused(void **state)
{
	(void)state;
	refused("", NULL, "empty");
	refused("{", NULL, "not valid JSON");
	refused(" [1]", NULL, "must be a JSON object, not an array");
	refused("{\"a\":1,\"\\u0061\":2}", NULL, "'a' is given more than once");
	refused("{\"model\":\"m\",\"model\":\"n\"}", NULL, "'model' is given more than once");
	refused("{\"model\":7}", "model", "expected a string");
	refused("{\"model\":\"m\",\"stream\":\"yes\"}", "stream", "expected a boolean");
}

static void expect_named(const char *body, const char *expected)
{
	struct model_request request = parsed(body);

	assert_null(request.model);
	model_request_use_model(&request, "a\"b");
	assert_string_equal(request.model, "a\"b");
	if (!span_is(request.body, expected))
		fail_msg("%.*s, expected %s", (int)request.body.len, request.body.p, expected);
	model_request_free(&request);
}

static void a_model_that_is_given_stands_before_the_others(void **state)
{
	(void)state;
	expect_named("{}", "{\"model\":\"a\\\"b\"}");
	expect_named(" { } ", "{\"model\":\"a\\\"b\" } ");
	expect_named("\n{ \"x\": {} }", "{\"model\":\"a\\\"b\", \"x\": {} }");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(model_and_stream_alone_are_looked_at),
	    cmocka_unit_test(what_is_no_object_or_has_a_member_twice_is_refused),
	    cmocka_unit_test(a_model_that_is_given_stands_before_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
