#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"

static void what_is_appended_stands_behind_what_is_there(void **state)
{
	struct buf text = {0};

	(void)state;
	buf_puts(&text, "a");
	buf_append_span(&text, span_of("bc"));
	buf_append(&text, "", 0);
	buf_putc(&text, 'd');
	buf_printf(&text, "%d", 12);
	assert_string_equal(buf_cstr(&text), "abcd12");
	assert_int_equal(text.len, 6);
	buf_free(&text);
}

static void a_text_may_grow_to_any_length(void **state)
{
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_putc(&text, (char)('a' + i % 26));
	assert_int_equal(text.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(text.data[i], 'a' + i % 26);
	buf_free(&text);
	assert_null(text.data);
	assert_int_equal(text.cap, 0);
}

static void an_emptied_one_keeps_its_memory(void **state)
{
	struct buf text = {0};
	size_t cap;

	(void)state;
	buf_reserve(&text, 5000);
	cap = text.cap;
	text.len = 5000;
	buf_clear(&text);
	assert_int_equal(text.len, 0);
	assert_int_equal(text.cap, cap);
	buf_free(&text);
}

static void a_recycled_one_keeps_no_more_than_it_may(void **state)
{
	struct buf text = {0};
	size_t cap;

	(void)state;
	buf_puts(&text, "short");
	cap = text.cap;
	buf_recycle(&text, cap);
	assert_int_equal(text.len, 0);
	assert_int_equal(text.cap, cap);
	buf_puts(&text, "short");
	buf_recycle(&text, cap - 1);
	assert_int_equal(text.len, 0);
	assert_int_equal(text.cap, 0);
	assert_null(text.data);
	buf_puts(&text, "again");
	assert_string_equal(buf_cstr(&text), "again");
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_appended_stands_behind_what_is_there),
	    cmocka_unit_test(a_text_may_grow_to_any_length),
	    cmocka_unit_test(an_emptied_one_keeps_its_memory),
	    cmocka_unit_test(a_recycled_one_keeps_no_more_than_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
