#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/dialect/call_id.h"

static const char *written(enum call_id_form form, const char *id)
{
	static struct buf out[2];
	static int turn;
	struct buf *b = &out[turn ^= 1];

	buf_clear(b);
	call_id_write(b, form, span_of(id));
	return buf_cstr(b);
}

static void test_an_id_of_the_form_stays_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(written(CALL_ID_SHORT, "functions.Read:3"), "functions.Read:3");
	assert_string_equal(written(CALL_ID_WORD, "toolu_01-A"), "toolu_01-A");
	assert_string_equal(written(CALL_ID_NINE, "abcDEF123"), "abcDEF123");
}

static void test_another_id_becomes_one_of_the_form(void **state)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const char *word = written(CALL_ID_WORD, "functions.Read:3");

	(void)state;
	assert_int_equal(strspn(word, allowed), strlen(word));
	assert_int_equal(strlen(written(CALL_ID_NINE, "call_0123456789")), 9);
	assert_true(
	    strlen(written(CALL_ID_SHORT,
		"0123456789012345678901234567890123456789012345678901234567890123456789")) <= 64);
	assert_true(strlen(written(CALL_ID_WORD, "")) > 0);
}

static void test_the_same_id_becomes_the_same_and_another_another(void **state)
{
	(void)state;
	assert_string_equal(written(CALL_ID_NINE, "call_a"), written(CALL_ID_NINE, "call_a"));
	assert_string_not_equal(written(CALL_ID_NINE, "call_a"), written(CALL_ID_NINE, "call_b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_id_of_the_form_stays_as_it_is),
	    cmocka_unit_test(test_another_id_becomes_one_of_the_form),
	    cmocka_unit_test(test_the_same_id_becomes_the_same_and_another_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
