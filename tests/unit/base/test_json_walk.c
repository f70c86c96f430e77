#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "json_texts.h"

static void members_come_in_order_with_their_raw_text(void **state)
{
	struct json_scan scan =
	    json_open(SPAN(" { \"a\" : 0.70 , \"b\\n\":\"x\\\"y\",\"\":[1, 2]} "), 0);
	struct span name, value;

	(void)state;
	assert_true(json_member(&scan, &name, &value));
	assert_span(name, "a");
	assert_span(value, "0.70");
	assert_true(json_member(&scan, &name, &value));
	assert_span(name, "b\\n");
	assert_span(value, "\"x\\\"y\"");
	assert_true(json_member(&scan, &name, &value));
	assert_int_equal(name.len, 0);
	assert_span(value, "[1, 2]");
	assert_false(json_member(&scan, &name, &value));
	assert_null(scan.error);
}

static void elements_come_in_order_with_their_raw_text(void **state)
{
	struct json_scan scan = json_open(SPAN("[1e-7,{\"a\":[]} ,null]"), 0);
	struct span value;

	(void)state;
	assert_true(json_element(&scan, &value));
	assert_span(value, "1e-7");
	assert_true(json_element(&scan, &value));
	assert_span(value, "{\"a\":[]}");
	assert_true(json_element(&scan, &value));
	assert_span(value, "null");
	assert_false(json_element(&scan, &value));
	assert_null(scan.error);
}

static void walking_empty_containers_ends_without_an_error(void **state)
{
	struct json_scan object = json_open(SPAN("{ }"), 0), array = json_open(SPAN("[ ]"), 0);
	struct span name, value;

	(void)state;
	assert_false(json_member(&object, &name, &value));
	assert_null(object.error);
	assert_false(json_element(&array, &value));
	assert_null(array.error);
}

static void walking_finds_every_fault_that_checking_finds(void **state)
{
	struct span name, value;
	struct json_scan scan;
	size_t i;

	(void)state;
	for (i = 0; i < bad_text_count; i++) {
		struct span text = exact(span_of(bad_texts[i].text));

		scan = json_open(text, 0);
		while (json_member(&scan, &name, &value))
			;
		assert_non_null(scan.error);
		assert_false(json_member(&scan, &name, &value));
		scan = json_open(text, 0);
		while (json_element(&scan, &value))
			;
		assert_non_null(scan.error);
		free_exact(text);
	}
}

static void walking_something_of_another_type_is_an_error(void **state)
{
	static const char *const texts[] = {"1", "null", "\"a\"", "", "[]", "{}"};
	struct span name, value;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		struct json_scan scan = json_open(span_of(texts[i]), 0);

		assert_false(json_member(&scan, &name, &value));
		assert_string_equal(scan.error, "expected an object");
	}
	for (i = 0; i < 6; i++) {
		struct json_scan scan = json_open(span_of(texts[i]), 0);

		if (i == 4)
			continue;
		assert_false(json_element(&scan, &value));
		assert_string_equal(scan.error, "expected an array");
	}
}

static void json_get_finds_the_last_member_of_a_name(void **state)
{
	struct span object = SPAN("{\"a\":1,\"b\":2,\"\\u0061\":3,\"c\":null}");

	(void)state;
	assert_span(json_get(object, "a"), "3");
	assert_span(json_get(object, "b"), "2");
	assert_span(json_get(object, "c"), "null");
	assert_int_equal(json_get(object, "d").len, 0);
	assert_int_equal(json_get(object, "").len, 0);
}

static void json_get_resolves_escapes_in_names(void **state)
{
	struct span object = SPAN("{\"ab\":1,\"\\u0061b\":2,\"a\\u0062c\":3,\"\\n\":4,\"\\/\":5}");

	(void)state;
	assert_span(json_get(object, "ab"), "2");
	assert_span(json_get(object, "abc"), "3");
	assert_span(json_get(object, "/"), "5");
	assert_int_equal(json_get(object, "b").len, 0);
}

static void json_get_of_what_is_no_object_is_empty(void **state)
{
	(void)state;
	assert_int_equal(json_get(SPAN("[1]"), "a").len, 0);
	assert_int_equal(json_get(SPAN("{\"a\":1,"), "a").len, 0);
	assert_int_equal(json_get((struct span){0}, "a").len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_come_in_order_with_their_raw_text),
	    cmocka_unit_test(elements_come_in_order_with_their_raw_text),
	    cmocka_unit_test(walking_empty_containers_ends_without_an_error),
	    cmocka_unit_test(walking_finds_every_fault_that_checking_finds),
	    cmocka_unit_test(walking_something_of_another_type_is_an_error),
	    cmocka_unit_test(json_get_finds_the_last_member_of_a_name),
	    cmocka_unit_test(json_get_resolves_escapes_in_names),
	    cmocka_unit_test(json_get_of_what_is_no_object_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
