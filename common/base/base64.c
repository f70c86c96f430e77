#include "base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { END = -1, PADDING = -2, WRONG = -3 };

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

char base64_take_byte(struct span *text)
{
	char c = text->p[0];
	int high, low;

	if (c == '%' && text->len >= 3) {
		high = hex_value(text->p[1]);
		low = hex_value(text->p[2]);
		if (high >= 0 && low >= 0) {
			*text = (struct span){text->p + 3, text->len - 3};
			return (char)(high << 4 | low);
		}
	}
	*text = (struct span){text->p + 1, text->len - 1};
	return c;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return c == '=' ? PADDING : WRONG;
}

/* The value of the next character that counts; or END, PADDING, WRONG. */
static int take_value(struct span *text)
{
	char c;

	while (text->len > 0) {
		c = base64_take_byte(text);
		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return value_of(c);
	}
	return END;
}

/* After the last value: whether nothing but padding follows. */
static bool ends_well(int value, struct span text, size_t count)
{
	while (value == PADDING)
		value = take_value(&text);
	return value == END && count % 4 != 1;
}

void base64_encode(struct buf *out, struct span bytes)
{
	while (bytes.len > 0) {
		size_t count = bytes.len < 3 ? bytes.len : 3;
		unsigned bits = 0;

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (i < count ? (unsigned char)bytes.p[i] : 0);
		for (size_t i = 0; i < 4; i++)
			buf_putc(out, i <= count ? alphabet[bits >> (18 - 6 * i) & 63] : '=');
		bytes = (struct span){bytes.p + count, bytes.len - count};
	}
}

bool base64_clean(struct buf *out, struct span text)
{
	size_t count = 0;
	int value;

	buf_reserve(out, text.len + 3);
	while ((value = take_value(&text)) >= 0) {
		buf_putc(out, alphabet[value]);
		count++;
	}
	if (!ends_well(value, text, count))
		return false;
	for (; count % 4 != 0; count++)
		buf_putc(out, '=');
	return true;
}

/* Appends no more than max bytes. Returns what ended it, and in count how many values there were.
 */
static int decode(struct buf *out, struct span *text, size_t max, size_t *count)
{
	unsigned bits = 0;
	size_t wanted = out->len + max;
	int value = END;

	for (*count = 0; out->len < wanted && (value = take_value(text)) >= 0; ++*count) {
		bits = bits << 6 | (unsigned)value;
		if (*count % 4 != 0)
			buf_putc(out, (char)(bits >> (6 - 2 * (*count % 4))));
	}
	return out->len < wanted ? value : END;
}

bool base64_decode(struct buf *out, struct span text)
{
	size_t count;
	int value = decode(out, &text, text.len + 1, &count);

	return ends_well(value, text, count);
}

void base64_decode_start(struct buf *out, struct span text, size_t max)
{
	size_t count;

	decode(out, &text, max, &count);
}
