/*
 * Text of clients, models and providers on its way to a terminal, which would obey control
 * characters in it. The locale is to be one of UTF-8.
 */
#ifndef RESPOOL_SHOWN_TEXT_H
#define RESPOOL_SHOWN_TEXT_H

#include "common/base/buf.h"

/*
 * Appends the text with U+2400 to U+2421, their pictures, in the place of control characters, and
 * U+FFFD in that of what is none of Unicode's characters or drives terminals nevertheless. Only in
 * lines do line feeds and tabs stay.
 */
void shown_line(struct buf *out, struct span text);
void shown_lines(struct buf *out, struct span text);

/* The columns of a terminal that a text takes which has gone through that. */
size_t shown_width(struct span text);
/* How many bytes of it take no more than so many columns. */
size_t shown_fitting(struct span text, size_t width);

#endif
