#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/responder/query.h"

static void parameters_come_one_after_the_other(void **state)
{
	const char *query = "a=1&b&&c=x=y&=z";
	struct span name, value;

	(void)state;
	assert_true(query_next(&query, &name, &value));
	assert_true(span_is(name, "a") && span_is(value, "1"));
	assert_true(query_next(&query, &name, &value));
	assert_true(span_is(name, "b") && span_is(value, ""));
	assert_true(query_next(&query, &name, &value));
	assert_true(span_is(name, "") && span_is(value, ""));
	assert_true(query_next(&query, &name, &value));
	assert_true(span_is(name, "c") && span_is(value, "x=y"));
	assert_true(query_next(&query, &name, &value));
	assert_true(span_is(name, "") && span_is(value, "z"));
	assert_false(query_next(&query, &name, &value));
}

static void escapes_are_resolved(void **state)
{
	struct buf out = {0};

	(void)state;
	query_decode(&out, SPAN("a%20b+c%2F%2f%zz%4"));
	assert_string_equal(buf_cstr(&out), "a b c//%zz%4");
	buf_free(&out);
}

static void a_parameter_is_left_out_however_it_is_spelled(void **state)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"limit=2", "limit=2"},
	    {"api-version=1", ""},
	    {"API-Version=1&limit=2", "limit=2"},
	    {"limit=2&api%2Dversion=1", "limit=2"},
	    {"a=1&api-version&b=%20&api-version=2&c", "a=1&b=%20&c"},
	    {"api-versions=1&x=api-version", "api-versions=1&x=api-version"},
	    {"include%5B%5D=a&include%5B%5D=b", "include%5B%5D=a&include%5B%5D=b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};

		query_without(&out, cases[i][0], "api-version");
		assert_string_equal(buf_cstr(&out), cases[i][1]);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parameters_come_one_after_the_other),
	    cmocka_unit_test(escapes_are_resolved),
	    cmocka_unit_test(a_parameter_is_left_out_however_it_is_spelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
