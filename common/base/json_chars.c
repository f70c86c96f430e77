#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "json_internal.h"
#include "utf8.h"

size_t json_utf8_length(const char *text, const char *end, size_t *bad)
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
		if (i >= left || !utf8_is_continuation(text[i])) {
			*bad = i;
			return 0;
		}
	}
	return need;
}

void json_append_utf8(struct buf *out, unsigned code)
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

void json_append_replacement(struct buf *out)
{
	buf_append(out, "\xef\xbf\xbd", 3);
}

const char *json_copy_character(struct buf *out, const char *p, const char *end)
{
	size_t bad, n = json_utf8_length(p, end, &bad);

	if (n == 0) {
		json_append_replacement(out);
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

const char *json_plain_end(const char *p, const char *end)
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

int json_hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
