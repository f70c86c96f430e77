#include "json.h"

#include <limits.h>
#include <string.h>

#include "json_internal.h"

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
		if (s->end - s->p <= i || json_hex_value(s->p[i]) < 0)
			return fail(s, "\\u must be followed by four hexadecimal digits");
	s->p += 6;
	return true;
}

bool json_skip_string(struct json_scan *s)
{
	size_t n, bad;

	for (s->p++;;) {
		s->p = json_plain_end(s->p, s->end);
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
		n = json_utf8_length(s->p, s->end, &bad);
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
	if (!json_skip_string(s))
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
		return json_skip_string(s);
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

bool json_is_empty(struct span value)
{
	struct json_scan scan = json_open(value, JSON_ACCEPT_BAD_UTF8);
	struct span name, member;

	if (json_type(value) == JSON_OBJECT)
		return !json_member(&scan, &name, &member) && scan.error == NULL;
	return json_type(value) == JSON_ARRAY && !json_element(&scan, &member) &&
	       scan.error == NULL;
}

bool json_is_text(struct span value)
{
	return json_type(value) == JSON_STRING && value.len > 2;
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

/* Escapes, of which there are hardly ever any, only make a name longer. */
static bool is_name(struct span raw, struct span name)
{
	if (raw.len <= name.len)
		return span_eq(raw, name);
	return memchr(raw.p, '\\', raw.len) != NULL && json_raw_is(raw, name.p);
}

struct span json_get(struct span object, const char *name)
{
	struct json_scan s = json_open(object, JSON_ACCEPT_BAD_UTF8);
	struct span key, value, found = {0}, wanted = span_of(name);

	while (json_member(&s, &key, &value))
		if (is_name(key, wanted))
			found = value;
	return s.error == NULL ? found : (struct span){0};
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
