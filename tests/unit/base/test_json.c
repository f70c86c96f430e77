#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"

#define BAD "\xef\xbf\xbd"

static const char rich[] =
    " {\"a\" : [1, -0.50, 2e+10, 3E-7, 12345678901234567890 , true,false,null],\n"
    "\t\"\\u0062\\\"\\\\\\/\\b\\f\\n\\r\\t\" : \"\\ud83d\\ude00 \xc3\xa9 \xf0\x9f\x98\x80\",\r\n"
    "\"\" : { } , \"e\":[ ],\"deep\":[[{\"x\":[0]}]] } ";

/* Text in memory of exactly its size, so that a sanitizer sees any read beyond it. */
static struct span exact(struct span text)
{
	char *copy = malloc(text.len != 0 ? text.len : 1);

	assert_non_null(copy);
	memcpy(copy, text.p, text.len);
	return (struct span){copy, text.len};
}

static void free_exact(struct span text)
{
	free((char *)(uintptr_t)text.p);
}

static bool check(struct span text, unsigned flags, const char **error, size_t *offset)
{
	struct span copy = exact(text);
	bool ok = json_check(copy, flags, error, offset);

	free_exact(copy);
	return ok;
}

static void assert_span(struct span actual, const char *expected)
{
	if (!span_is(actual, expected))
		fail_msg("\"%.*s\" is not \"%s\"", (int)actual.len, actual.p, expected);
}

static void assert_buf(struct buf *actual, const char *expected)
{
	assert_span(buf_span(actual), expected);
	buf_free(actual);
}

/* ---- checking -------------------------------------------------------------------------------- */

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

struct bad_text {
	const char *text, *error;
	size_t offset;
};

#define END         "unexpected end"
#define CHARACTER   "unexpected character"
#define STRING_END  "unexpected end in a string"
#define CONTROL     "a control character in a string must be escaped"
#define ESCAPE      "unknown escape in a string"
#define HEX         "\\u must be followed by four hexadecimal digits"
#define DIGITS      "a number lacks digits"
#define AFTER       "unexpected text after the value"
#define NAME        "expected a member's name in quotes"
#define COLON       "expected ':'"
#define COMMA_BRACE "expected ',' or '}'"
#define COMMA_BRACK "expected ',' or ']'"
#define UTF8        "invalid UTF-8 in a string"

static const struct bad_text bad_texts[] = {
    {"", END, 0},
    {" \n", END, 2},
    {"x", CHARACTER, 0},
    {"nul", CHARACTER, 0},
    {"nulL", CHARACTER, 0},
    {"True", CHARACTER, 0},
    {"fals", CHARACTER, 0},
    {"nullx", AFTER, 4},
    {"'a'", CHARACTER, 0},
    {"NaN", CHARACTER, 0},
    {"-Infinity", DIGITS, 1},
    {"\xef\xbb\xbf{}", CHARACTER, 0},
    {"\v1", CHARACTER, 0},
    {"/**/1", CHARACTER, 0},

    {"-", DIGITS, 1},
    {"+1", CHARACTER, 0},
    {".5", CHARACTER, 0},
    {"01", AFTER, 1},
    {"-01", AFTER, 2},
    {"1.", DIGITS, 2},
    {"1.e5", DIGITS, 2},
    {"1e", DIGITS, 2},
    {"1e+", DIGITS, 3},
    {"1e+-1", DIGITS, 3},
    {"1.5.5", AFTER, 3},
    {"0x10", AFTER, 1},
    {"1 2", AFTER, 2},
    {"1,", AFTER, 1},

    {"\"", STRING_END, 1},
    {"\"abc", STRING_END, 4},
    {"\"abcdefghijklmnop", STRING_END, 17},
    {"\"a\\", STRING_END, 2},
    {"\"a\\\"", STRING_END, 4},
    {"\"\\x41\"", ESCAPE, 1},
    {"\"\\'\"", ESCAPE, 1},
    {"\"\\U0041\"", ESCAPE, 1},
    {"\"\\\n\"", ESCAPE, 1},
    {"\"\\u\"", HEX, 1},
    {"\"\\u004", HEX, 1},
    {"\"\\u004g\"", HEX, 1},
    {"\"\\u+041\"", HEX, 1},
    {"\"a\nb\"", CONTROL, 2},
    {"\"\t\"", CONTROL, 1},
    {"\"abcdefghijk\x1f\"", CONTROL, 12},
    {"\"a\" \"b\"", AFTER, 4},

    {"\"\x80\"", UTF8, 1},
    {"\"\xc0\xaf\"", UTF8, 1},
    {"\"ab\xc3\"", UTF8, 3},
    {"\"\xe0\x9f\xbf\"", UTF8, 1},
    {"\"\xed\xa0\x80\"", UTF8, 1},
    {"\"\xf0\x8f\xbf\xbf\"", UTF8, 1},
    {"\"\xf4\x90\x80\x80\"", UTF8, 1},
    {"\"\xf0\x9f\x98", UTF8, 1},
    {"\"\xff\"", UTF8, 1},
    {"{\"\xff\":1}", UTF8, 2},

    {"[", END, 1},
    {"[1", END, 2},
    {"[1,", END, 3},
    {"[1,]", CHARACTER, 3},
    {"[,1]", CHARACTER, 1},
    {"[1,,2]", CHARACTER, 3},
    {"[1 2]", COMMA_BRACK, 3},
    {"[1}", COMMA_BRACK, 2},
    {"[1;2]", COMMA_BRACK, 2},
    {"]", CHARACTER, 0},
    {"[]]", AFTER, 2},
    {"[[]", END, 3},

    {"{", END, 1},
    {"{\"a\"", COLON, 4},
    {"{\"a\" 1}", COLON, 5},
    {"{\"a\":", END, 5},
    {"{\"a\":}", CHARACTER, 5},
    {"{\"a\":1", END, 6},
    {"{\"a\":1,", NAME, 7},
    {"{\"a\":1,}", NAME, 7},
    {"{,}", NAME, 1},
    {"{a:1}", NAME, 1},
    {"{1:1}", NAME, 1},
    {"{\"a\":1 \"b\":2}", COMMA_BRACE, 7},
    {"{\"a\":1]", COMMA_BRACE, 6},
    {"{\"a\"::1}", CHARACTER, 5},
    {"{\"a\":1}}", AFTER, 7},
    {"}", CHARACTER, 0},
};

static void json_check_says_what_is_wrong_and_where(void **state)
{
	const char *error;
	size_t i, offset;

	(void)state;
	for (i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
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
	for (i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
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

/* ---- walking --------------------------------------------------------------------------------- */

static void members_come_in_order_with_their_raw_text(void **state)
{
	struct json_scan scan =
	    json_open(SPAN(" { \"a\" : 0.70 , \"b\\n\":\"x\\\"y\",\"\":[1, 2]} "), 0);
	struct span name, value;

	(void)state;
	assert_true(json_member(&scan, &name, &value));
	assert_span(name, "a");
	assert_span(value, "0.70");
	assert_true(json_member(&scan, &name, &value));
	assert_span(name, "b\\n");
	assert_span(value, "\"x\\\"y\"");
	assert_true(json_member(&scan, &name, &value));
	assert_int_equal(name.len, 0);
	assert_span(value, "[1, 2]");
	assert_false(json_member(&scan, &name, &value));
	assert_null(scan.error);
}

static void elements_come_in_order_with_their_raw_text(void **state)
{
	struct json_scan scan = json_open(SPAN("[1e-7,{\"a\":[]} ,null]"), 0);
	struct span value;

	(void)state;
	assert_true(json_element(&scan, &value));
	assert_span(value, "1e-7");
	assert_true(json_element(&scan, &value));
	assert_span(value, "{\"a\":[]}");
	assert_true(json_element(&scan, &value));
	assert_span(value, "null");
	assert_false(json_element(&scan, &value));
	assert_null(scan.error);
}

static void walking_empty_containers_ends_without_an_error(void **state)
{
	struct json_scan object = json_open(SPAN("{ }"), 0), array = json_open(SPAN("[ ]"), 0);
	struct span name, value;

	(void)state;
	assert_false(json_member(&object, &name, &value));
	assert_null(object.error);
	assert_false(json_element(&array, &value));
	assert_null(array.error);
}

static void walking_finds_every_fault_that_checking_finds(void **state)
{
	struct span name, value;
	struct json_scan scan;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
		struct span text = exact(span_of(bad_texts[i].text));

		scan = json_open(text, 0);
		while (json_member(&scan, &name, &value))
			;
		assert_non_null(scan.error);
		assert_false(json_member(&scan, &name, &value));
		scan = json_open(text, 0);
		while (json_element(&scan, &value))
			;
		assert_non_null(scan.error);
		free_exact(text);
	}
}

static void walking_something_of_another_type_is_an_error(void **state)
{
	static const char *const texts[] = {"1", "null", "\"a\"", "", "[]", "{}"};
	struct span name, value;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		struct json_scan scan = json_open(span_of(texts[i]), 0);

		assert_false(json_member(&scan, &name, &value));
		assert_string_equal(scan.error, "expected an object");
	}
	for (i = 0; i < 6; i++) {
		struct json_scan scan = json_open(span_of(texts[i]), 0);

		if (i == 4)
			continue;
		assert_false(json_element(&scan, &value));
		assert_string_equal(scan.error, "expected an array");
	}
}

static void json_get_finds_the_last_member_of_a_name(void **state)
{
	struct span object = SPAN("{\"a\":1,\"b\":2,\"\\u0061\":3,\"c\":null}");

	(void)state;
	assert_span(json_get(object, "a"), "3");
	assert_span(json_get(object, "b"), "2");
	assert_span(json_get(object, "c"), "null");
	assert_int_equal(json_get(object, "d").len, 0);
	assert_int_equal(json_get(object, "").len, 0);
}

static void json_get_resolves_escapes_in_names(void **state)
{
	struct span object = SPAN("{\"ab\":1,\"\\u0061b\":2,\"a\\u0062c\":3,\"\\n\":4,\"\\/\":5}");

	(void)state;
	assert_span(json_get(object, "ab"), "2");
	assert_span(json_get(object, "abc"), "3");
	assert_span(json_get(object, "/"), "5");
	assert_int_equal(json_get(object, "b").len, 0);
}

static void json_get_of_what_is_no_object_is_empty(void **state)
{
	(void)state;
	assert_int_equal(json_get(SPAN("[1]"), "a").len, 0);
	assert_int_equal(json_get(SPAN("{\"a\":1,"), "a").len, 0);
	assert_int_equal(json_get((struct span){0}, "a").len, 0);
}

/* ---- strings --------------------------------------------------------------------------------- */

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

/* ---- numbers --------------------------------------------------------------------------------- */

static void json_integer_takes_what_fits_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		long long value;
	} good[] = {{"0", 0}, {"-0", 0}, {"7", 7}, {"-12", -12}, {"9223372036854775807", LLONG_MAX},
	    {"-9223372036854775808", LLONG_MIN}};
	static const char *const bad[] = {"9223372036854775808", "-9223372036854775809",
	    "18446744073709551616", "99999999999999999999999", "1.0", "1e2", "1E2", "-1.5", "\"1\"",
	    "null", "true", "[1]", ""};
	long long n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(json_integer(span_of(good[i].text), &n));
		assert_true(n == good[i].value);
	}
	n = 42;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(json_integer(span_of(bad[i]), &n));
	assert_true(n == 42);
}

/* ---- writing --------------------------------------------------------------------------------- */

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
	    cmocka_unit_test(json_check_accepts_every_construct_of_rfc_8259),
	    cmocka_unit_test(json_check_says_what_is_wrong_and_where),
	    cmocka_unit_test(json_check_rejects_a_nul_byte_anywhere),
	    cmocka_unit_test(json_check_accepts_invalid_utf8_when_told_to),
	    cmocka_unit_test(json_check_limits_the_depth),
	    cmocka_unit_test(json_check_finds_every_truncation_without_reading_past_the_end),
	    cmocka_unit_test(json_types_are_told_by_the_first_character),
	    cmocka_unit_test(members_come_in_order_with_their_raw_text),
	    cmocka_unit_test(elements_come_in_order_with_their_raw_text),
	    cmocka_unit_test(walking_empty_containers_ends_without_an_error),
	    cmocka_unit_test(walking_finds_every_fault_that_checking_finds),
	    cmocka_unit_test(walking_something_of_another_type_is_an_error),
	    cmocka_unit_test(json_get_finds_the_last_member_of_a_name),
	    cmocka_unit_test(json_get_resolves_escapes_in_names),
	    cmocka_unit_test(json_get_of_what_is_no_object_is_empty),
	    cmocka_unit_test(strings_are_compared_with_their_escapes_resolved),
	    cmocka_unit_test(json_name_spells_a_name_canonically),
	    cmocka_unit_test(json_decode_resolves_every_escape),
	    cmocka_unit_test(
		each_maximal_subpart_of_invalid_utf8_becomes_one_replacement_character),
	    cmocka_unit_test(json_text_spells_each_character_in_one_way),
	    cmocka_unit_test(surrogates_that_are_no_pair_become_replacement_characters),
	    cmocka_unit_test(a_surrogate_pair_may_be_split_between_texts),
	    cmocka_unit_test(json_integer_takes_what_fits_and_nothing_else),
	    cmocka_unit_test(json_canonical_drops_blanks_and_keeps_digits),
	    cmocka_unit_test(json_canonical_of_its_own_spelling_changes_nothing),
	    cmocka_unit_test(json_write_name_puts_a_comma_between_members),
	    cmocka_unit_test(json_quote_escapes_what_must_be_escaped),
	    cmocka_unit_test(json_quote_and_json_decode_are_inverse_for_every_byte),
	    cmocka_unit_test(test_characters_are_taken_off_as_they_are_or_as_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
