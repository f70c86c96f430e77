/* Whole numbers as text, without printf, where many are written. */
#ifndef RESPOOL_DECIMAL_H
#define RESPOOL_DECIMAL_H

#include <stddef.h>

#include "buf.h"

enum { DECIMAL_SIZE = 21 };

/* As printf's "%lld", with a NUL. Returns the length without it. */
size_t decimal_write(char out[DECIMAL_SIZE], long long number);
/* Appends it, without a NUL. */
void decimal_append(struct buf *out, long long number);

#endif
