#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "polled_models.h"

static void provider_from_model_string_with_slash(void **state)
{
	struct setup setup;

	(void)state;
	assert_true(span_is(model_provider("openai/gpt-4o"), "openai"));
	poll_for(&setup, "openai");
	assert_true(polls(&setup, "openai/gpt-4o"));
}

static void provider_from_model_string_without_slash(void **state)
{
	struct setup setup;

	(void)state;
	assert_int_equal(model_provider("gpt-5").len, 0);
	poll_for(&setup, "openai");
	assert_false(polls(&setup, "gpt-5"));
}

static void empty_model_string(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "*", "openai", "*");
	assert_int_equal(model_provider("").len, 0);
	assert_int_equal(count_deployments(&setup, ""), 0);
	assert_false(polls(&setup, ""));
}

static void model_with_multiple_slashes(void **state)
{
	static const char arn[] = "bedrock/arn:aws:bedrock:eu-west-1:42:model/big/one";
	struct setup setup;

	(void)state;
	assert_true(span_is(model_provider(arn), "bedrock"));
	poll_for(&setup, "bedrock");
	assert_true(polls(&setup, arn));
}

static void a_slash_in_front_names_no_provider(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "");
	assert_int_equal(model_provider("/gpt-5").len, 0);
	assert_false(polls(&setup, "/gpt-5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(provider_from_model_string_with_slash),
	    cmocka_unit_test(provider_from_model_string_without_slash),
	    cmocka_unit_test(empty_model_string),
	    cmocka_unit_test(model_with_multiple_slashes),
	    cmocka_unit_test(a_slash_in_front_names_no_provider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
