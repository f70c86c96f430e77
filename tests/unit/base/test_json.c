#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "json_texts.h"

static void json_check_accepts_every_construct_of_rfc_8259(void **state)
{
	static const char *const texts[] = {"null", "true", "false", "0", "-0", "10", "-1", "0.0",
	    "1.50", "0e0", "1e5", "1E5", "1e+5", "1e-5", "-1.5E-10", "1E400",
	    "12345678901234567890123", "\"\"", "\"x\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	    "\"\\u0000\\u00e9\\uFFFF\\uAbCd\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\x7f\"",
	    "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", "[]",
	    "[ ]", "[1]", "[1,2]", " [ 1 , 2 ] ", "{}", "{ }", "{\"a\":1}", "{\"a\":1,\"a\":2}",
	    "\t\r\n {\r\n\t \"a\" \t:\r\n 1 } \n", "[[],{},[{}]]", rich};
	const char *error;
	size_t i, offset;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!check(span_of(texts[i]), 0, &error, &offset))
			fail_msg("%s: %s at %zu", texts[i], error, offset);
		assert_null(error);
		assert_int_equal(offset, strlen(texts[i]));
	}
}

static void json_check_says_what_is_wrong_and_where(void **state)
{
	const char *error;
	size_t i, offset;

	(void)state;
	for (i = 0; i < bad_text_count; i++) {
		const struct bad_text *bad = &bad_texts[i];

		if (check(span_of(bad->text), 0, &error, &offset))
			fail_msg("%s was accepted", bad->text);
		if (strcmp(error, bad->error) != 0 || offset != bad->offset)
			fail_msg("%s: \"%s\" at %zu, expected \"%s\" at %zu", bad->text, error,
			    offset, bad->error, bad->offset);
	}
}

static void json_check_rejects_a_nul_byte_anywhere(void **state)
{
	(void)state;
	assert_false(check(SPAN("\0"), 0, NULL, NULL));
	assert_false(check(SPAN("1\0"), 0, NULL, NULL));
	assert_false(check(SPAN("\"a\0\""), 0, NULL, NULL));
	assert_false(check(SPAN("\"\\\0\""), 0, NULL, NULL));
	assert_false(check(SPAN("[1,\0]"), 0, NULL, NULL));
}

static void json_check_accepts_invalid_utf8_when_told_to(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < bad_text_count; i++) {
		struct span text = span_of(bad_texts[i].text);
		bool closed = strcmp(bad_texts[i].error, UTF8) == 0 &&
			      (text.p[text.len - 1] == '"' || text.p[text.len - 1] == '}');

		assert_int_equal(check(text, JSON_ACCEPT_BAD_UTF8, NULL, NULL), closed);
	}
}

static struct span nested(struct buf *text, char open, int depth)
{
	int i;

	buf_clear(text);
	for (i = 0; i < depth; i++)
		buf_puts(text, open == '[' ? "[" : i + 1 < depth ? "{\"a\":" : "{");
	for (i = 0; i < depth; i++)
		buf_putc(text, open == '[' ? ']' : '}');
	return buf_span(text);
}

static void json_check_limits_the_depth(void **state)
{
	struct buf text = {0};
	const char *error;
	size_t offset;

	(void)state;
	assert_true(check(nested(&text, '[', JSON_MAX_DEPTH), 0, NULL, NULL));
	assert_true(check(nested(&text, '{', JSON_MAX_DEPTH), 0, NULL, NULL));
	assert_false(check(nested(&text, '[', JSON_MAX_DEPTH + 1), 0, &error, &offset));
	assert_string_equal(error, "nested too deeply");
	assert_int_equal(offset, JSON_MAX_DEPTH);
	assert_false(check(nested(&text, '{', JSON_MAX_DEPTH + 1), 0, NULL, NULL));
	assert_false(check(nested(&text, '[', 1000000), 0, NULL, NULL));
	buf_free(&text);
}

static void json_check_finds_every_truncation_without_reading_past_the_end(void **state)
{
	const char *error;
	size_t len, offset, whole = strlen(rich) - 1; /* but for the blank at its end */

	(void)state;
	for (len = 0; len < whole; len++) {
		assert_false(check((struct span){rich, len}, 0, &error, &offset));
		assert_non_null(error);
		assert_true(offset <= len);
	}
	assert_true(check((struct span){rich, whole}, 0, NULL, NULL));
}

static void json_types_are_told_by_the_first_character(void **state)
{
	(void)state;
	assert_int_equal(json_type(SPAN("{}")), JSON_OBJECT);
	assert_int_equal(json_type(SPAN("[]")), JSON_ARRAY);
	assert_int_equal(json_type(SPAN("\"\"")), JSON_STRING);
	assert_int_equal(json_type(SPAN("-1")), JSON_NUMBER);
	assert_int_equal(json_type(SPAN("0")), JSON_NUMBER);
	assert_int_equal(json_type(SPAN("true")), JSON_TRUE);
	assert_int_equal(json_type(SPAN("false")), JSON_FALSE);
	assert_int_equal(json_type(SPAN("null")), JSON_NULL);
	assert_int_equal(json_type(SPAN("x")), JSON_NONE);
	assert_int_equal(json_type((struct span){0}), JSON_NONE);
	assert_true(json_is_given(SPAN("false")));
	assert_false(json_is_given(SPAN("null")));
	assert_false(json_is_given((struct span){0}));
	assert_string_equal(json_type_name(JSON_OBJECT), "an object");
	assert_string_equal(json_type_name(JSON_NONE), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_check_accepts_every_construct_of_rfc_8259),
	    cmocka_unit_test(json_check_says_what_is_wrong_and_where),
	    cmocka_unit_test(json_check_rejects_a_nul_byte_anywhere),
	    cmocka_unit_test(json_check_accepts_invalid_utf8_when_told_to),
	    cmocka_unit_test(json_check_limits_the_depth),
	    cmocka_unit_test(json_check_finds_every_truncation_without_reading_past_the_end),
	    cmocka_unit_test(json_types_are_told_by_the_first_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
