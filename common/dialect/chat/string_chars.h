/* Characters of a JSON string as it is written: one may be an escape. */
#ifndef RESPOOL_STRING_CHARS_H
#define RESPOOL_STRING_CHARS_H

#include <stdbool.h>

#include "common/base/buf.h"

/*
 * Takes the first off text, the inside of a checked string that is not empty: what is in ASCII, a
 * byte of another character, or the number of an escaped one.
 */
unsigned string_take_char(struct span *text);

/* Whether it is a blank or the end of a line. */
bool char_is_blank(unsigned c);

#endif
