#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/response/use.h"

static void expect_use(
    const struct usage *usage, double input_cost, double output_cost, const char *expected)
{
	struct buf out = {0};

	const struct use use = use_of(usage, input_cost, output_cost);

	use_write(&out, &use);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void tokens_are_written_with_what_they_cost(void **state)
{
	const struct usage usage = {.input = 1000, .output = 20, .cached = 900, .reasoning = 5};

	(void)state;
	expect_use(&usage, 2.5e-6, 1e-5, "1000,20,0.0027");
	expect_use(&usage, 0, 0, "1000,20,0");
}

static void what_is_not_told_counts_as_none(void **state)
{
	const struct usage nothing = {-1, -1, -1, -1};
	const struct usage half = {.input = -1, .output = 7, .cached = -1, .reasoning = -1};

	(void)state;
	expect_use(&nothing, 1, 1, "0,0,0");
	expect_use(&half, 1, 0.5, "0,7,3.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tokens_are_written_with_what_they_cost),
	    cmocka_unit_test(what_is_not_told_counts_as_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
