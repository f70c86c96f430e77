#include "json.h"

#include <endian.h>
#include <limits.h>
#include <string.h>

/* ---- characters ------------------------------------------------------------------------------ */

/* Where a span begins; an empty one may have no address. */
static const char *first_byte(struct span text)
{
	return text.p != NULL ? text.p : "";
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * How many bytes the UTF-8 character at p has (Unicode 15, table 3-7). For an ill-formed one
 * returns 0 and sets *bad to the length of its maximal subpart, which one U+FFFD stands for.
 */
static size_t utf8_length(const char *text, const char *end, size_t *bad)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = (size_t)(end - text), need, i;
	unsigned char low = 0x80, high = 0xbf;

	*bad = 1;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (left < 2 || p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < need; i++) {
		if (i >= left || !is_continuation(p[i])) {
			*bad = i;
			return 0;
		}
	}
	return need;
}

static void append_utf8(struct buf *out, unsigned code)
{
	char *p = buf_reserve(out, 4);

	if (code < 0x80) {
		p[0] = (char)code;
		out->len += 1;
	} else if (code < 0x800) {
		p[0] = (char)(0xc0 | code >> 6);
		p[1] = (char)(0x80 | (code & 0x3f));
		out->len += 2;
	} else if (code < 0x10000) {
		p[0] = (char)(0xe0 | code >> 12);
		p[1] = (char)(0x80 | (code >> 6 & 0x3f));
		p[2] = (char)(0x80 | (code & 0x3f));
		out->len += 3;
	} else {
		p[0] = (char)(0xf0 | code >> 18);
		p[1] = (char)(0x80 | (code >> 12 & 0x3f));
		p[2] = (char)(0x80 | (code >> 6 & 0x3f));
		p[3] = (char)(0x80 | (code & 0x3f));
		out->len += 4;
	}
}

static void append_replacement(struct buf *out)
{
	buf_append(out, "\xef\xbf\xbd", 3);
}

/* Copies a character, or U+FFFD for bytes that are none. Returns where the next one begins. */
static const char *copy_character(struct buf *out, const char *p, const char *end)
{
	size_t bad, n = utf8_length(p, end, &bad);

	if (n == 0) {
		append_replacement(out);
		return p + bad;
	}
	buf_append(out, p, n);
	return p + n;
}

/*
 * For eight bytes, the first of them lowest: a mask whose lowest bit set, if any, is in the first
 * byte that is a control character, a quote, a backslash or not ASCII. Higher bits may be wrong.
 */
static uint64_t special_bits(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');

	return (w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & tops;
}

/* The first byte from p on that a string cannot hold as it is, or that is not ASCII; or end. */
static const char *plain_end(const char *p, const char *end)
{
	uint64_t word, special;

	for (; end - p >= 8; p += 8) {
		memcpy(&word, p, 8);
		special = special_bits(le64toh(word));
		if (special != 0)
			return p + __builtin_ctzll(special) / 8;
	}
	while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
	       *p != '\\')
		p++;
	return p;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* ---- scanning -------------------------------------------------------------------------------- */

static bool fail(struct json_scan *s, const char *what)
{
	if (s->error == NULL)
		s->error = what;
	return false;
}

static void skip_blanks(struct json_scan *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

static bool skip_escape(struct json_scan *s)
{
	int i;

	if (s->end - s->p < 2)
		return fail(s, "unexpected end in a string");
	if (s->p[1] != 'u') {
		if (strchr("\"\\/bfnrt", s->p[1]) == NULL || s->p[1] == '\0')
			return fail(s, "unknown escape in a string");
		s->p += 2;
		return true;
	}
	for (i = 2; i < 6; i++)
		if (s->end - s->p <= i || hex_value(s->p[i]) < 0)
			return fail(s, "\\u must be followed by four hexadecimal digits");
	s->p += 6;
	return true;
}

static bool skip_string(struct json_scan *s)
{
	size_t n, bad;

	for (s->p++;;) {
		s->p = plain_end(s->p, s->end);
		if (s->p == s->end)
			return fail(s, "unexpected end in a string");
		if (*s->p == '"') {
			s->p++;
			return true;
		}
		if (*s->p == '\\') {
			if (!skip_escape(s))
				return false;
			continue;
		}
		if ((unsigned char)*s->p < 0x20)
			return fail(s, "a control character in a string must be escaped");
		n = utf8_length(s->p, s->end, &bad);
		if (n == 0 && !(s->flags & JSON_ACCEPT_BAD_UTF8))
			return fail(s, "invalid UTF-8 in a string");
		s->p += n != 0 ? n : bad;
	}
}

static bool skip_digits(struct json_scan *s)
{
	const char *first = s->p;

	while (s->p < s->end && is_digit(*s->p))
		s->p++;
	return s->p > first || fail(s, "a number lacks digits");
}

static bool skip_number(struct json_scan *s)
{
	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!skip_digits(s))
		return false;
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!skip_digits(s))
			return false;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		return skip_digits(s);
	}
	return true;
}

static bool skip_word(struct json_scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return fail(s, "unexpected character");
	s->p += len;
	return true;
}

/*
 * Steps to the next member or element; false at the closing bracket, which is passed, or on error.
 */
static bool next_in(struct json_scan *s, char close, bool first)
{
	skip_blanks(s);
	if (s->p == s->end)
		return fail(s, "unexpected end");
	if (*s->p == close) {
		s->p++;
		return false;
	}
	if (first)
		return true;
	if (*s->p != ',')
		return fail(s, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
	s->p++;
	skip_blanks(s);
	return true;
}

/* Passes a member's name and what stands between it and the value. */
static bool skip_name(struct json_scan *s, struct span *name)
{
	const char *quote = s->p;

	if (s->p == s->end || *s->p != '"')
		return fail(s, "expected a member's name in quotes");
	if (!skip_string(s))
		return false;
	*name = (struct span){quote + 1, (size_t)(s->p - quote) - 2};
	skip_blanks(s);
	if (s->p == s->end || *s->p != ':')
		return fail(s, "expected ':'");
	s->p++;
	skip_blanks(s);
	return true;
}

static bool skip_value(struct json_scan *s);

static bool skip_container(struct json_scan *s, char close)
{
	struct span name;
	bool first = true;

	if (++s->depth > JSON_MAX_DEPTH)
		return fail(s, "nested too deeply");
	s->p++;
	while (next_in(s, close, first)) {
		first = false;
		if (close == '}' && !skip_name(s, &name))
			return false;
		if (!skip_value(s))
			return false;
	}
	s->depth--;
	return s->error == NULL;
}

static bool skip_value(struct json_scan *s)
{
	if (s->p == s->end)
		return fail(s, "unexpected end");
	switch (*s->p) {
	case '{':
		return skip_container(s, '}');
	case '[':
		return skip_container(s, ']');
	case '"':
		return skip_string(s);
	case 'n':
		return skip_word(s, "null");
	case 't':
		return skip_word(s, "true");
	case 'f':
		return skip_word(s, "false");
	default:
		if (*s->p == '-' || is_digit(*s->p))
			return skip_number(s);
		return fail(s, "unexpected character");
	}
}

static struct json_scan scan_of(struct span text, unsigned flags)
{
	const char *p = first_byte(text);

	return (struct json_scan){
	    .p = p, .start = p, .end = p + text.len, .flags = flags, .first = true};
}

static bool only_blanks_left(struct json_scan *s)
{
	skip_blanks(s);
	return s->p == s->end || fail(s, "unexpected text after the value");
}

bool json_check(struct span text, unsigned flags, const char **error, size_t *offset)
{
	struct json_scan s = scan_of(text, flags);
	bool ok;

	skip_blanks(&s);
	ok = skip_value(&s) && only_blanks_left(&s);
	if (error != NULL)
		*error = s.error;
	if (offset != NULL)
		*offset = (size_t)(s.p - s.start);
	return ok;
}

enum json_type json_type(struct span value)
{
	if (value.len == 0)
		return JSON_NONE;
	switch (value.p[0]) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 'n':
		return JSON_NULL;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	default:
		return value.p[0] == '-' || is_digit(value.p[0]) ? JSON_NUMBER : JSON_NONE;
	}
}

bool json_is_given(struct span value)
{
	return value.len != 0 && json_type(value) != JSON_NULL;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
	    [JSON_NONE] = "nothing",
	    [JSON_NULL] = "null",
	    [JSON_FALSE] = "a boolean",
	    [JSON_TRUE] = "a boolean",
	    [JSON_NUMBER] = "a number",
	    [JSON_STRING] = "a string",
	    [JSON_ARRAY] = "an array",
	    [JSON_OBJECT] = "an object",
	};

	return names[type];
}

struct json_scan json_open(struct span value, unsigned flags)
{
	struct json_scan s = scan_of(value, flags);

	skip_blanks(&s);
	return s;
}

/* What json_member() and json_element() have in common: finds the next one's beginning. */
static bool walk(struct json_scan *s, char open, char close)
{
	bool first = s->first;

	if (s->error != NULL)
		return false;
	s->first = false;
	if (first) {
		if (s->p == s->end || *s->p != open)
			return fail(s, open == '{' ? "expected an object" : "expected an array");
		s->p++;
		s->depth++;
	}
	if (next_in(s, close, first))
		return true;
	if (s->error == NULL)
		only_blanks_left(s);
	return false;
}

static bool take_value(struct json_scan *s, struct span *value)
{
	const char *begin = s->p;

	if (!skip_value(s))
		return false;
	*value = (struct span){begin, (size_t)(s->p - begin)};
	return true;
}

bool json_member(struct json_scan *s, struct span *key, struct span *value)
{
	return walk(s, '{', '}') && skip_name(s, key) && take_value(s, value);
}

bool json_element(struct json_scan *s, struct span *value)
{
	return walk(s, '[', ']') && take_value(s, value);
}

struct span json_get(struct span object, const char *name)
{
	struct json_scan s = json_open(object, JSON_ACCEPT_BAD_UTF8);
	struct span key, value, found = {0};

	while (json_member(&s, &key, &value))
		if (json_raw_is(key, name))
			found = value;
	return s.error == NULL ? found : (struct span){0};
}

/* ---- strings --------------------------------------------------------------------------------- */

/* The character that a two-character escape stands for. */
static char escaped_char(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

static unsigned hex4(const char *p)
{
	unsigned code = 0;
	int i;

	for (i = 0; i < 4; i++)
		code = code << 4 | (unsigned)hex_value(p[i]);
	return code;
}

static void append_escaped(struct buf *out, unsigned code)
{
	static const char short_form[0x20] = {
	    ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

	if (code >= 0x20 && code != '"' && code != '\\') {
		append_utf8(out, code);
	} else if (code >= 0x20 || short_form[code] != '\0') {
		buf_putc(out, '\\');
		buf_putc(out, code >= 0x20 ? (char)code : short_form[code]);
	} else {
		buf_printf(out, "\\u%04x", code);
	}
}

typedef void append_char_fn(struct buf *out, unsigned code);

/* Ends a high surrogate whose other half did not come. */
static void drop_half(struct buf *out, unsigned *half)
{
	if (*half != 0)
		append_replacement(out);
	*half = 0;
}

static void append_unit(struct buf *out, unsigned unit, unsigned *half, append_char_fn *append)
{
	bool low = unit >= 0xdc00 && unit <= 0xdfff;

	if (low && *half != 0) {
		append(out, 0x10000 + ((*half - 0xd800) << 10) + (unit - 0xdc00));
		*half = 0;
		return;
	}
	drop_half(out, half);
	if (unit >= 0xd800 && unit <= 0xdbff)
		*half = unit;
	else if (low)
		append_replacement(out);
	else
		append(out, unit);
}

/*
 * Copies the inside of a checked string, giving each character that was escaped to append. Returns
 * the high surrogate that ended it, or 0.
 */
static unsigned copy_text(struct buf *out, struct span raw, unsigned half, append_char_fn *append)
{
	const char *p = first_byte(raw), *end = p + raw.len, *run;

	while (p < end) {
		if (*p == '\\') {
			if (p[1] == 'u') {
				append_unit(out, hex4(p + 2), &half, append);
				p += 6;
			} else {
				drop_half(out, &half);
				append(out, (unsigned char)escaped_char(p[1]));
				p += 2;
			}
			continue;
		}
		drop_half(out, &half);
		run = plain_end(p, end);
		if (run > p) {
			buf_append(out, p, (size_t)(run - p));
			p = run;
			continue;
		}
		p = copy_character(out, p, end);
	}
	return half;
}

void json_text(struct buf *out, struct span raw, unsigned *pending)
{
	unsigned half = copy_text(out, raw, pending != NULL ? *pending : 0, append_escaped);

	if (pending != NULL)
		*pending = half;
	else
		drop_half(out, &half);
}

bool json_decode(struct span value, struct buf *out)
{
	unsigned half;

	if (json_type(value) != JSON_STRING || value.len < 2)
		return false;
	half = copy_text(out, json_inside(value), 0, append_utf8);
	drop_half(out, &half);
	return true;
}

struct span json_inside(struct span string_value)
{
	return (struct span){string_value.p + 1, string_value.len - 2};
}

struct span json_name(struct buf *scratch, struct span raw)
{
	const char *begin = first_byte(raw), *end = begin + raw.len;

	if (plain_end(begin, end) == end)
		return raw;
	buf_clear(scratch);
	json_text(scratch, raw, NULL);
	return buf_span(scratch);
}

bool json_raw_is(struct span raw, const char *text)
{
	struct buf decoded = {0};
	unsigned half;
	bool same;

	if (raw.len == 0 || memchr(raw.p, '\\', raw.len) == NULL)
		return span_is(raw, text);
	half = copy_text(&decoded, raw, 0, append_utf8);
	drop_half(&decoded, &half);
	same = span_is(buf_span(&decoded), text);
	buf_free(&decoded);
	return same;
}

bool json_string_is(struct span value, const char *text)
{
	return json_type(value) == JSON_STRING && json_raw_is(json_inside(value), text);
}

bool json_integer(struct span value, long long *out)
{
	unsigned long long n = 0, limit;
	size_t i = 0;
	bool negative;

	if (json_type(value) != JSON_NUMBER)
		return false;
	negative = value.p[0] == '-';
	limit = negative ? (unsigned long long)LLONG_MAX + 1 : (unsigned long long)LLONG_MAX;
	for (i = negative; i < value.len; i++) {
		unsigned digit = (unsigned)(value.p[i] - '0');

		if (!is_digit(value.p[i]) || n > (limit - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = negative ? (long long)(0 - n) : (long long)n;
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

void json_canonical(struct buf *out, struct span value)
{
	struct json_scan s = scan_of(value, JSON_ACCEPT_BAD_UTF8);
	const char *begin;

	while (s.p < s.end) {
		begin = s.p;
		if (*begin == '"') {
			if (!skip_string(&s))
				return;
			buf_putc(out, '"');
			json_text(out, (struct span){begin + 1, (size_t)(s.p - begin) - 2}, NULL);
			buf_putc(out, '"');
		} else if (is_blank(*begin)) {
			s.p++;
		} else {
			while (s.p < s.end && *s.p != '"' && !is_blank(*s.p))
				s.p++;
			buf_append(out, begin, (size_t)(s.p - begin));
		}
	}
}

void json_write_name(struct buf *out, struct span raw)
{
	if (out->data[out->len - 1] != '{')
		buf_putc(out, ',');
	buf_putc(out, '"');
	json_text(out, raw, NULL);
	buf_puts(out, "\":");
}

void json_quote(struct buf *out, struct span bytes)
{
	const char *p = first_byte(bytes), *end = p + bytes.len, *run;

	buf_putc(out, '"');
	while (p < end) {
		run = plain_end(p, end);
		buf_append(out, p, (size_t)(run - p));
		p = run;
		if (p == end)
			break;
		if ((unsigned char)*p < 0x80) {
			append_escaped(out, (unsigned char)*p++);
			continue;
		}
		p = copy_character(out, p, end);
	}
	buf_putc(out, '"');
}
