#include "json_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char rich[] =
    " {\"a\" : [1, -0.50, 2e+10, 3E-7, 12345678901234567890 , true,false,null],\n"
    "\t\"\\u0062\\\"\\\\\\/\\b\\f\\n\\r\\t\" : \"\\ud83d\\ude00 \xc3\xa9 \xf0\x9f\x98\x80\",\r\n"
    "\"\" : { } , \"e\":[ ],\"deep\":[[{\"x\":[0]}]] } ";

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

const struct bad_text bad_texts[] = {
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

const size_t bad_text_count = sizeof(bad_texts) / sizeof(bad_texts[0]);

struct span exact(struct span text)
{
	char *copy = malloc(text.len != 0 ? text.len : 1);

	assert_non_null(copy);
	memcpy(copy, text.p, text.len);
	return (struct span){copy, text.len};
}

void free_exact(struct span text)
{
	free((char *)(uintptr_t)text.p);
}

bool check(struct span text, unsigned flags, const char **error, size_t *offset)
{
	struct span copy = exact(text);
	bool ok = json_check(copy, flags, error, offset);

	free_exact(copy);
	return ok;
}

void assert_span(struct span actual, const char *expected)
{
	if (!span_is(actual, expected))
		fail_msg("\"%.*s\" is not \"%s\"", (int)actual.len, actual.p, expected);
}

void assert_buf(struct buf *actual, const char *expected)
{
	assert_span(buf_span(actual), expected);
	buf_free(actual);
}
