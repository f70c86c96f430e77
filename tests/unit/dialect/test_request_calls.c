#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/dialect/request_calls.h"
#include "common/dialect/request_references.h"

static const char items[] = "[{\"type\":\"function_call\",\"call_id\":\"a\"},"
			    "{\"type\":\"function_call\",\"call_id\":\"b\"},"
			    "{\"type\":\"function_call\",\"call_id\":\"a\"},7,"
			    "{\"type\":\"function_call_output\",\"call_id\":\"\\u0061\"},"
			    "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\"},"
			    "{\"type\":\"web_search_call\",\"call_id\":\"d\"},"
			    "{\"type\":\"message\",\"id\":\"msg_1\"},"
			    "{\"type\":\"item_reference\",\"id\":\"msg_2\"}]";

static struct span element(size_t index)
{
	struct json_scan scan = json_open(span_of(items), 0);
	struct span value = {0};

	for (size_t i = 0; i <= index; i++)
		assert_true(json_element(&scan, &value));
	return value;
}

static void test_the_first_call_of_an_id_has_its_first_output(void **state)
{
	struct request_calls calls;

	(void)state;
	request_calls_open(&calls, span_of(items));
	assert_ptr_equal(request_calls_of_item(&calls, element(0))->other.p, element(4).p);
	assert_ptr_equal(request_calls_of_item(&calls, element(4))->other.p, element(0).p);
	assert_int_equal(request_calls_of_item(&calls, element(2))->number, 1);
	assert_int_equal(request_calls_of_item(&calls, element(2))->other.len, 0);
	assert_null(request_calls_of_item(&calls, element(7)));
	request_calls_close(&calls);
}

static void test_there_may_be_no_calls(void **state)
{
	static const char *const inputs[] = {"", "null", "\"hi\"", "[]", "[{}]"};
	struct request_calls calls;

	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		request_calls_open(&calls, span_of(inputs[i]));
		assert_null(request_calls_of_item(&calls, span_of(items)));
		request_calls_close(&calls);
	}
}

static void test_a_reference_is_to_an_item_and_not_to_another_reference(void **state)
{
	struct request_references references;

	(void)state;
	request_references_open(&references, span_of(items));
	assert_ptr_equal(
	    request_references_find(&references, SPAN("{\"id\":\"msg_1\"}")).p, element(7).p);
	assert_int_equal(request_references_find(&references, element(8)).len, 0);
	request_references_close(&references);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_first_call_of_an_id_has_its_first_output),
	    cmocka_unit_test(test_there_may_be_no_calls),
	    cmocka_unit_test(test_a_reference_is_to_an_item_and_not_to_another_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
