#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "json_texts.h"

static void json_canonical_drops_blanks_and_keeps_digits(void **state)
{
	struct buf out = {0};

	(void)state;
	json_canonical(&out, span_of(rich));
	assert_buf(&out,
	    "{\"a\":[1,-0.50,2e+10,3E-7,12345678901234567890,true,false,null],"
	    "\"b\\\"\\\\/\\b\\f\\n\\r\\t\":\"\xf0\x9f\x98\x80 \xc3\xa9 \xf0\x9f\x98\x80\","
	    "\"\":{},\"e\":[],\"deep\":[[{\"x\":[0]}]]}");
	json_canonical(&out, SPAN(" 0.7 "));
	assert_buf(&out, "0.7");
	json_canonical(&out, SPAN("[0.70, 1e-7, 1E400, -0.0, 12345678901234567890]"));
	assert_buf(&out, "[0.70,1e-7,1E400,-0.0,12345678901234567890]");
}

static void json_canonical_of_its_own_spelling_changes_nothing(void **state)
{
	static const char *const texts[] = {rich, "\"\\ud83d\xff\\u0000\"", "[ ]", " null "};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf once = {0}, twice = {0};

		json_canonical(&once, span_of(texts[i]));
		json_canonical(&twice, buf_span(&once));
		assert_true(span_eq(buf_span(&once), buf_span(&twice)));
		assert_true(check(buf_span(&once), 0, NULL, NULL));
		buf_free(&once);
		buf_free(&twice);
	}
}

static void json_write_name_puts_a_comma_between_members(void **state)
{
	struct buf out = {0};

	(void)state;
	buf_puts(&out, "{");
	json_write_name(&out, SPAN("a"));
	buf_puts(&out, "{}");
	json_write_name(&out, SPAN("\\u0062\\n"));
	buf_puts(&out, "1}");
	assert_buf(&out, "{\"a\":{},\"b\\n\":1}");
}

static void json_quote_escapes_what_must_be_escaped(void **state)
{
	struct buf out = {0};

	(void)state;
	json_quote(&out, SPAN("a\"b\\c/\b\f\n\r\t\x01\x7f\0 \xc3\xa9"));
	assert_buf(&out, "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\x7f\\u0000 \xc3\xa9\"");
	json_quote(&out, (struct span){0});
	assert_buf(&out, "\"\"");
}

static void json_quote_and_json_decode_are_inverse_for_every_byte(void **state)
{
	struct buf out = {0}, back = {0};
	char ascii[128];
	int i;

	(void)state;
	for (i = 0; i < 128; i++)
		ascii[i] = (char)i;
	json_quote(&out, (struct span){ascii, sizeof(ascii)});
	assert_true(check(buf_span(&out), 0, NULL, NULL));
	assert_true(json_decode(buf_span(&out), &back));
	assert_int_equal(back.len, sizeof(ascii));
	assert_memory_equal(back.data, ascii, sizeof(ascii));
	buf_free(&out);
	buf_free(&back);
}

static void test_characters_are_taken_off_as_they_are_or_as_escapes(void **state)
{
	static const unsigned expected[] = {'a', '\n', '"', '<', 0xd83d, 0xc3, 0xa4};
	struct span inside = SPAN("a\\n\\\"\\u003c\\uD83D\xc3\xa4");

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(json_take_char(&inside), expected[i]);
	assert_int_equal(inside.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_canonical_drops_blanks_and_keeps_digits),
	    cmocka_unit_test(json_canonical_of_its_own_spelling_changes_nothing),
	    cmocka_unit_test(json_write_name_puts_a_comma_between_members),
	    cmocka_unit_test(json_quote_escapes_what_must_be_escaped),
	    cmocka_unit_test(json_quote_and_json_decode_are_inverse_for_every_byte),
	    cmocka_unit_test(test_characters_are_taken_off_as_they_are_or_as_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
