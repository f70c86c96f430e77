#include <string.h>

#include "json_internal.h"

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
		code = code << 4 | (unsigned)json_hex_value(p[i]);
	return code;
}

bool json_is_blank(unsigned c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

unsigned json_take_char(struct span *inside)
{
	const char *p = inside->p;
	unsigned c = (unsigned char)p[0];
	size_t len = 1;

	if (c == '\\' && p[1] == 'u') {
		c = hex4(p + 2);
		len = 6;
	} else if (c == '\\') {
		c = (unsigned char)escaped_char(p[1]);
		len = 2;
	}
	*inside = (struct span){p + len, inside->len - len};
	return c;
}

void json_append_escaped(struct buf *out, unsigned code)
{
	static const char short_form[0x20] = {
	    ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

	if (code >= 0x20 && code != '"' && code != '\\') {
		json_append_utf8(out, code);
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
		json_append_replacement(out);
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
		json_append_replacement(out);
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
		run = json_plain_end(p, end);
		if (run > p) {
			buf_append(out, p, (size_t)(run - p));
			p = run;
			continue;
		}
		p = json_copy_character(out, p, end);
	}
	return half;
}

void json_text(struct buf *out, struct span raw, unsigned *pending)
{
	unsigned half = copy_text(out, raw, pending != NULL ? *pending : 0, json_append_escaped);

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
	half = copy_text(out, json_inside(value), 0, json_append_utf8);
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

	if (json_plain_end(begin, end) == end)
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
	half = copy_text(&decoded, raw, 0, json_append_utf8);
	drop_half(&decoded, &half);
	same = span_is(buf_span(&decoded), text);
	buf_free(&decoded);
	return same;
}

bool json_string_is(struct span value, const char *text)
{
	return json_type(value) == JSON_STRING && json_raw_is(json_inside(value), text);
}
