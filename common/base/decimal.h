/* Whole numbers as text, without printf, where many are written. */
#ifndef RESPOOL_DECIMAL_H
#define RESPOOL_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum {
	DECIMAL_SIZE = 21,
	DECIMAL_DIGITS = 18, /* all numbers of so many fit */
};

/* As printf's "%lld", with a NUL. Returns the length without it. */
size_t decimal_write(char out[DECIMAL_SIZE], long long number);
/* Appends it, without a NUL. */
void decimal_append(struct buf *out, long long number);

/*
 * Takes a whole number off the front of a text: digits, up to most of them, which is no more than
 * DECIMAL_DIGITS. False, and all stays, if there are none, or more.
 */
bool decimal_take(struct span *text, size_t most, long long *out);

#endif
