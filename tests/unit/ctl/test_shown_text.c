#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <locale.h>

#include "app/ctl/shown_text.h"

static void assert_shown(
    void (*shown)(struct buf *, struct span), struct span text, const char *expected)
{
	struct buf out = {0};

	shown(&out, text);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void text_of_any_language_stays(void **state)
{
	static const char text[] = "J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80 "
				   "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d";

	(void)state;
	assert_shown(shown_line, span_of(text), text);
	assert_shown(shown_lines, span_of(text), text);
	assert_shown(shown_lines, SPAN(""), "");
}

static void control_characters_become_pictures(void **state)
{
	(void)state;
	assert_shown(shown_lines, SPAN("a\0b\r\a\x1b]0;x\x07\x7f"),
	    "a\xe2\x90\x80"
	    "b\xe2\x90\x8d\xe2\x90\x87\xe2\x90\x9b]0;x\xe2\x90\x87\xe2\x90\xa1");
	assert_shown(shown_lines,
	    SPAN("\xc2\x9b"
		 "31m"),
	    "\xef\xbf\xbd"
	    "31m");
}

static void bytes_that_are_no_characters_are_replaced(void **state)
{
	(void)state;
	assert_shown(shown_lines,
	    SPAN("\x9b"
		 "1m \xed\xa0\x80 \xe6\x97"),
	    "\xef\xbf\xbd"
	    "1m \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd");
}

static void lines_stay_lines_only_where_they_may(void **state)
{
	(void)state;
	assert_shown(shown_lines, SPAN("a\n\tb"), "a\n\tb");
	assert_shown(shown_line, SPAN("a\n\tb"),
	    "a\xe2\x90\x8a\xe2\x90\x89"
	    "b");
}

static void no_character_is_torn_to_fit(void **state)
{
	const struct span text = SPAN("a\xe6\x97\xa5"
				      "b");

	(void)state;
	assert_int_equal(shown_width(text), 4);
	assert_int_equal(shown_fitting(text, 0), 0);
	assert_int_equal(shown_fitting(text, 2), 1);
	assert_int_equal(shown_fitting(text, 3), 4);
	assert_int_equal(shown_fitting(text, 9), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_of_any_language_stays),
	    cmocka_unit_test(control_characters_become_pictures),
	    cmocka_unit_test(bytes_that_are_no_characters_are_replaced),
	    cmocka_unit_test(lines_stay_lines_only_where_they_may),
	    cmocka_unit_test(no_character_is_torn_to_fit),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
