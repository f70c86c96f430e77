#include "string_chars.h"

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

static unsigned short_escape(char c)
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
		return (unsigned char)c;
	}
}

unsigned string_take_char(struct span *text)
{
	const char *p = text->p;
	size_t len = 1;
	unsigned c = (unsigned char)p[0];

	if (c == '\\' && p[1] == 'u') {
		c = 0;
		for (size_t i = 2; i < 6; i++)
			c = c << 4 | hex_digit(p[i]);
		len = 6;
	} else if (c == '\\') {
		c = short_escape(p[1]);
		len = 2;
	}
	*text = (struct span){p + len, text->len - len};
	return c;
}

bool char_is_blank(unsigned c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
