/* Bytes as hexadecimal digits, in lower case. */
#ifndef RESPOOL_HEX_H
#define RESPOOL_HEX_H

#include <stddef.h>

/* Writes two digits for each byte, and a NUL. */
void hex_write(char *out, const unsigned char *bytes, size_t count);
/* Writes the digits of so many random bytes, which nobody can guess, at most HEX_RANDOM_MOST. */
enum { HEX_RANDOM_MOST = 32 };
void hex_random(char *out, size_t count);

#endif
