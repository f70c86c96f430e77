#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/response_error.h"

static void test_what_an_error_calls_itself_says_its_status(void **state)
{
	static const struct {
		const char *name;
		long status;
	} errors[] = {
	    {"invalid_request_error", 400},
	    {"authentication_error", 401},
	    {"billing_error", 402},
	    {"permission_error", 403},
	    {"not_found_error", 404},
	    {"request_too_large", 413},
	    {"rate_limit_error", 429},
	    {"api_error", 500},
	    {"timeout_error", 504},
	    {"overloaded_error", 529},
	    {"something_new", 500},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct buf error = {0};

		buf_printf(&error, "{\"code\":\"%s\"}", errors[i].name);
		assert_int_equal(response_error_status(buf_span(&error)), errors[i].status);
		buf_clear(&error);
		buf_printf(&error, "{\"code\":null,\"type\":\"%s\"}", errors[i].name);
		assert_int_equal(response_error_status(buf_span(&error)), errors[i].status);
		buf_free(&error);
	}
}

static void test_a_status_has_a_code_of_openai_s_own(void **state)
{
	(void)state;
	assert_string_equal(response_error_code(429), "rate_limit_exceeded");
	assert_string_equal(response_error_code(400), "invalid_prompt");
	assert_string_equal(response_error_code(413), "invalid_prompt");
	assert_string_equal(response_error_code(401), "server_error");
	assert_string_equal(response_error_code(529), "server_error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_an_error_calls_itself_says_its_status),
	    cmocka_unit_test(test_a_status_has_a_code_of_openai_s_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
