#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/usage_line.h"

static void a_line_has_a_tenant_a_model_and_six_numbers(void **state)
{
	struct usage_line line;

	(void)state;
	assert_true(
	    usage_line_read(&line, SPAN("web\x1fgpt-5"), SPAN("7 2 1 9007199254740992 30 0.0125")));
	assert_true(span_is(line.tenant, "web"));
	assert_true(span_is(line.label, "gpt-5"));
	assert_int_equal(line.requests, 7);
	assert_int_equal(line.failed, 2);
	assert_int_equal(line.cancelled, 1);
	assert_int_equal(line.input_tokens, 9007199254740992);
	assert_int_equal(line.output_tokens, 30);
	assert_float_equal(line.cost, 0.0125, 0);
	assert_true(usage_line_read(&line, SPAN("\x1f*"), SPAN("0 0 0 0 0 1e-05")));
	assert_int_equal(line.tenant.len, 0);
	assert_float_equal(line.cost, 1e-05, 0);
}

static void what_is_no_such_line_is_not_read(void **state)
{
	static const struct {
		struct span whose, numbers;
	} wrong[] = {
	    {SPAN("web"), SPAN("1 0 0 0 0 0")},
	    {SPAN("web\x1f"), SPAN("1 0 0 0 0 0")},
	    {SPAN("we\0b\x1fm"), SPAN("1 0 0 0 0 0")},
	    {SPAN("web\x1fm"), SPAN("")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 ")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 0 0")},
	    {SPAN("web\x1fm"), SPAN("-1 0 0 0 0 0")},
	    {SPAN("web\x1fm"), SPAN("1  0 0 0 0 0")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 99999999999999999 0 0")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 nan")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 inf")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 1e999")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 -1")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 1\0")},
	    {SPAN("web\x1fm"), SPAN("1 0 0 0 0 0.00000000000000000000000000000000001")},
	};
	struct usage_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(usage_line_read(&line, wrong[i].whose, wrong[i].numbers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_has_a_tenant_a_model_and_six_numbers),
	    cmocka_unit_test(what_is_no_such_line_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
