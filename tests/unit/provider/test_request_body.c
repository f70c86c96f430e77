#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/provider/request_body.h"

static void assert_body(const char *body, const char *expected)
{
	char seed[] = "seed", user[] = "user";
	char *dropped[] = {seed, user};
	char name[] = "m", upstream[] = "up", provider[] = "openai";
	const struct deployment deployment = {.model_name = name,
	    .model = upstream,
	    .provider = provider,
	    .dropped = dropped,
	    .dropped_count = 2};
	struct buf out = {0};

	request_body_for(&out, span_of(body), &deployment, "m");
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void a_body_is_passed_on_with_only_the_model_replaced(void **state)
{
	(void)state;
	assert_body("{\"stream\":true, \"x\" : 1e-7 ,\"mod\\u0065l\":\"m\",\"input\":[ 1 ],"
		    "\"s\":\"\\u0000\\/\",\"background\":null}",
	    "{\"stream\":true,\"x\":1e-7,\"mod\\u0065l\":\"up\",\"input\":[ 1 ],"
	    "\"s\":\"\\u0000\\/\",\"background\":null}");
	assert_body("{\"model\":\"m\",\"previous_response_id\":\"resp_1\"}",
	    "{\"model\":\"up\",\"previous_response_id\":\"resp_1\"}");
}

static void a_body_is_passed_on_without_what_is_to_be_dropped(void **state)
{
	(void)state;
	assert_body("{\"s\\u0065ed\":1,\"model\":\"m\",\"x\":{\"user\":1},\"user\":\"u\"}",
	    "{\"model\":\"up\",\"x\":{\"user\":1}}");
}

static void a_body_is_passed_on_without_the_gateways_own_members(void **state)
{
	(void)state;
	assert_body("{\"guardrails\":[\"g\"],\"model\":\"m\",\"api\\u005fkey\":\"s\","
		    "\"metadata\":{\"timeout\":1},\"timeout\":1}",
	    "{\"model\":\"up\",\"metadata\":{\"timeout\":1}}");
}

static void nothing_may_be_left_of_a_body(void **state)
{
	(void)state;
	assert_body("{\"seed\":1,\"user\":2}", "{}");
	assert_body("{}", "{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_body_is_passed_on_with_only_the_model_replaced),
	    cmocka_unit_test(a_body_is_passed_on_without_what_is_to_be_dropped),
	    cmocka_unit_test(a_body_is_passed_on_without_the_gateways_own_members),
	    cmocka_unit_test(nothing_may_be_left_of_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
