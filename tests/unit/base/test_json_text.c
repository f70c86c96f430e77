#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "json_texts.h"

static void strings_are_compared_with_their_escapes_resolved(void **state)
{
	(void)state;
	assert_true(json_raw_is(SPAN("abc"), "abc"));
	assert_true(json_raw_is(SPAN("\\u0061b\\u0063"), "abc"));
	assert_true(json_raw_is(SPAN("a\\/\\n"), "a/\n"));
	assert_true(json_raw_is(SPAN(""), ""));
	assert_false(json_raw_is(SPAN("abcd"), "abc"));
	assert_false(json_raw_is(SPAN("ab"), "abc"));
	assert_false(json_raw_is(SPAN("abc\\u0000"), "abc"));
	assert_true(json_string_is(SPAN("\"abc\""), "abc"));
	assert_false(json_string_is(SPAN("abc"), "abc"));
	assert_false(json_string_is((struct span){0}, ""));
}

static void json_name_spells_a_name_canonically(void **state)
{
	struct buf scratch = {0};

	(void)state;
	assert_span(json_name(&scratch, SPAN("plain")), "plain");
	assert_int_equal(scratch.len, 0);
	assert_span(json_name(&scratch, SPAN("\\u0061\\/\\u000a")), "a/\\n");
	assert_span(json_name(&scratch, SPAN("\xc3\xa9\xff")), "\xc3\xa9" BAD);
	assert_span(json_name(&scratch, SPAN("")), "");
	buf_free(&scratch);
}

static void json_decode_resolves_every_escape(void **state)
{
	struct buf out = {0};

	(void)state;
	assert_true(json_decode(SPAN("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC"
				     "\\ud83d\\ude00 \xc3\xa9\""),
	    &out));
	assert_buf(&out, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xc3\xa9");
	assert_true(json_decode(SPAN("\"a\\u0000b\""), &out));
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "a\0b", 3);
	buf_free(&out);
	assert_false(json_decode(SPAN("1"), &out));
	assert_false(json_decode((struct span){0}, &out));
	assert_int_equal(out.len, 0);
}

/* Expected is what Python's bytes.decode("utf-8", "replace") gives. */
static const struct {
	const char *bytes, *expected;
} utf8_texts[] = {
    {"\x80", BAD},
    {"\xbf\xbf", BAD BAD},
    {"\xc0\x80", BAD BAD},
    {"\xc1\xbf", BAD BAD},
    {"\xc3", BAD},
    {"\xc3(", BAD "("},
    {"\xe0\x80\x80", BAD BAD BAD},
    {"\xe0\xa0", BAD},
    {"\xe2\x82", BAD},
    {"\xe2\x82"
     "A",
	BAD "A"},
    {"\xe2(\xa1", BAD "(" BAD},
    {"\xed\xa0\x80", BAD BAD BAD},
    {"\xef\xbf\xbe", "\xef\xbf\xbe"},
    {"\xf0\x80\x80\x80", BAD BAD BAD BAD},
    {"\xf0\x90", BAD},
    {"\xf0\x90\x80", BAD},
    {"\xf0\x90\x80"
     "A",
	BAD "A"},
    {"\xf0\x90(\x80", BAD "(" BAD},
    {"\xf1\x80\x80\xc3\xa9", BAD "\xc3\xa9"},
    {"\xf4\x90\x80\x80", BAD BAD BAD BAD},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"\xf5\x80\x80\x80", BAD BAD BAD BAD},
    {"\xf8\x88\x80\x80\x80", BAD BAD BAD BAD BAD},
    {"\xff\xfe", BAD BAD},
    {"a\x80"
     "b\xc3\xa9"
     "c\xf0\x9f\x98\x80\xf0\x9f\x98",
	"a" BAD "b\xc3\xa9"
	"c\xf0\x9f\x98\x80" BAD},
    {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
     "A",
	BAD BAD BAD BAD "A"},
    {"abcdefgh\xe2\x82ijklmnopq\xff", "abcdefgh" BAD "ijklmnopq" BAD},
};

static void each_maximal_subpart_of_invalid_utf8_becomes_one_replacement_character(void **state)
{
	struct buf quoted = {0}, value = {0}, canonical = {0}, decoded = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(utf8_texts) / sizeof(utf8_texts[0]); i++) {
		struct span bytes = exact(span_of(utf8_texts[i].bytes));

		json_quote(&quoted, bytes);
		free_exact(bytes);
		assert_true(json_decode(buf_span(&quoted), &decoded));
		assert_buf(&decoded, utf8_texts[i].expected);

		buf_printf(&value, "\"%s\"", utf8_texts[i].bytes);
		json_canonical(&canonical, buf_span(&value));
		assert_true(span_eq(buf_span(&canonical), buf_span(&quoted)));
		assert_true(json_decode(buf_span(&value), &decoded));
		assert_buf(&decoded, utf8_texts[i].expected);
		buf_clear(&quoted);
		buf_clear(&value);
		buf_clear(&canonical);
	}
	buf_free(&quoted);
	buf_free(&value);
	buf_free(&canonical);
}

static void json_text_spells_each_character_in_one_way(void **state)
{
	struct buf out = {0};

	(void)state;
	json_text(&out, SPAN("\\u0041\\/\\u0022\\u005c\\u000A\\u0001\\u007f\\u00E9\\b\\\"x"), NULL);
	assert_buf(&out, "A/\\\"\\\\\\n\\u0001\x7f\xc3\xa9\\b\\\"x");
	json_text(&out, SPAN("\\u0000\\u001F"), NULL);
	assert_buf(&out, "\\u0000\\u001f");
}

static void surrogates_that_are_no_pair_become_replacement_characters(void **state)
{
	static const struct {
		const char *raw, *expected;
	} cases[] = {
	    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
	    {"\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf"},
	    {"\\ud800\\udc00", "\xf0\x90\x80\x80"},
	    {"\\ud83d", BAD},
	    {"\\ude00", BAD},
	    {"\\ude00\\ud83d", BAD BAD},
	    {"\\ud83dx\\ude00", BAD "x" BAD},
	    {"\\ud83d\\n\\ude00", BAD "\\n" BAD},
	    {"\\ud83d\\ud83d\\ude00", BAD "\xf0\x9f\x98\x80"},
	    {"\\ud83d\\u0041", BAD "A"},
	    {"\\ud83d\xc3\xa9", BAD "\xc3\xa9"},
	    {"a\\udfff", "a" BAD},
	};
	struct buf out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_text(&out, span_of(cases[i].raw), NULL);
		assert_buf(&out, cases[i].expected);
	}
}

static void a_surrogate_pair_may_be_split_between_texts(void **state)
{
	static const char *const second[] = {
	    "\\ude00!", "", "x", "\\n", "\xc3\xa9", "\\ud83d", "\\u0041"};
	static const char *const expected[] = {"a\xf0\x9f\x98\x80!", "a", "a" BAD "x",
	    "a" BAD "\\n", "a" BAD "\xc3\xa9", "a" BAD, "a" BAD "A"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		struct buf out = {0};
		unsigned pending = 0;

		json_text(&out, SPAN("a\\ud83d"), &pending);
		assert_int_equal(pending, 0xd83d);
		json_text(&out, span_of(second[i]), &pending);
		assert_int_equal(pending, i == 1 || i == 5 ? 0xd83d : 0);
		assert_buf(&out, expected[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_are_compared_with_their_escapes_resolved),
	    cmocka_unit_test(json_name_spells_a_name_canonically),
	    cmocka_unit_test(json_decode_resolves_every_escape),
	    cmocka_unit_test(
		each_maximal_subpart_of_invalid_utf8_becomes_one_replacement_character),
	    cmocka_unit_test(json_text_spells_each_character_in_one_way),
	    cmocka_unit_test(surrogates_that_are_no_pair_become_replacement_characters),
	    cmocka_unit_test(a_surrogate_pair_may_be_split_between_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
