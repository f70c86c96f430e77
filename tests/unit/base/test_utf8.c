#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/utf8.h"

static void a_text_that_fits_is_whole(void **state)
{
	(void)state;
	assert_int_equal(utf8_fitting("", 0), 0);
	assert_int_equal(utf8_fitting("", 3), 0);
	assert_int_equal(utf8_fitting("abc", 3), 3);
	assert_int_equal(utf8_fitting("a\xc3\xa4", 3), 3);
}

static void no_character_is_torn(void **state)
{
	(void)state;
	assert_int_equal(utf8_fitting("abcd", 3), 3);
	assert_int_equal(utf8_fitting("a\xc3\xa4", 2), 1);
	assert_int_equal(utf8_fitting("\xe2\x82\xac\xe2\x82\xac", 5), 3);
	assert_int_equal(utf8_fitting("\xf0\x9f\x98\x80", 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_text_that_fits_is_whole),
	    cmocka_unit_test(no_character_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
