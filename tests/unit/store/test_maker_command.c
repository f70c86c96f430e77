#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/maker_command.h"

static void what_is_written_is_read(void **state)
{
	struct stored_maker maker;
	struct buf stored = {0};

	(void)state;
	maker_write(&stored, "0123456789abcdef", "a model");
	assert_true(maker_read(&maker, buf_span(&stored)));
	assert_true(span_is(maker.deployment, "0123456789abcdef"));
	assert_true(span_is(maker.model, "a model"));
	buf_free(&stored);
}

static void anything_else_is_no_maker(void **state)
{
	struct stored_maker maker;

	(void)state;
	assert_false(maker_read(&maker, (struct span){0}));
	assert_false(maker_read(&maker, SPAN("0123456789abcdef")));
	assert_false(maker_read(&maker, SPAN(" m")));
}

static void it_is_stored_for_its_time(void **state)
{
	static const char *const expected[] = {"SET", "k", "d m", "EX", "60"};
	struct redis_args args = {0};

	(void)state;
	maker_args(&args, "k", SPAN("d m"), 60);
	assert_int_equal(args.count, 5);
	for (int i = 0; i < args.count; i++)
		assert_true(span_is((struct span){args.values[i], args.lengths[i]}, expected[i]));
	assert_true(span_is(redis_args_key(&args), "k"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(anything_else_is_no_maker),
	    cmocka_unit_test(it_is_stored_for_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
