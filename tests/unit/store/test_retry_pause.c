#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/retry_pause.h"

static void pauses_double_up_to_the_longest(void **state)
{
	static const int expected[] = {50, 100, 200, 300, 300};
	int pause = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		pause = retry_pause_next(pause, 50, 300);
		assert_int_equal(pause, expected[i]);
	}
}

static void a_try_that_goes_well_ends_the_pause(void **state)
{
	struct retry_pause pause = {0};

	(void)state;
	assert_false(retry_pause_lasts(&pause));
	retry_pause_begin(&pause);
	assert_true(retry_pause_lasts(&pause));
	retry_pause_end(&pause);
	assert_false(retry_pause_lasts(&pause));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pauses_double_up_to_the_longest),
	    cmocka_unit_test(a_try_that_goes_well_ends_the_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
