#include "decimal.h"

#include <string.h>

size_t decimal_write(char out[DECIMAL_SIZE], long long number)
{
	unsigned long long left =
	    number < 0 ? -(unsigned long long)number : (unsigned long long)number;
	char digits[DECIMAL_SIZE];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do
		digits[--at] = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	if (number < 0)
		digits[--at] = '-';
	memcpy(out, digits + at, sizeof(digits) - at);
	return sizeof(digits) - 1 - at;
}

void decimal_append(struct buf *out, long long number)
{
	out->len += decimal_write(buf_reserve(out, DECIMAL_SIZE), number);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool decimal_take(struct span *text, size_t most, long long *out)
{
	long long number = 0;
	size_t len = 0;

	while (len < text->len && is_digit(text->p[len])) {
		if (len == most)
			return false;
		number = number * 10 + (text->p[len++] - '0');
	}
	if (len == 0)
		return false;
	text->p += len;
	text->len -= len;
	*out = number;
	return true;
}
