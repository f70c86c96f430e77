/* Where characters of a text in UTF-8 begin. */
#ifndef RESPOOL_UTF8_H
#define RESPOOL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a byte stands within a character, and begins none (RFC 3629 section 3). */
static inline bool utf8_is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The length of the text, or if that is more than most, of as many whole characters as fit. */
size_t utf8_fitting(const char *text, size_t most);

#endif
