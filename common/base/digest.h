/* SHA-256 (FIPS 180-4) in hex digits, for names that tell nothing of what they stand for. */
#ifndef RESPOOL_DIGEST_H
#define RESPOOL_DIGEST_H

#include "buf.h"

enum { DIGEST_SIZE = 64 + 1 };

/* Of a text: 64 lower-case digits and a NUL. */
void digest_hex(char out[DIGEST_SIZE], struct span text);

/*
 * Of somebody's name and a text: of another name or text it is another one, wherever the one ends
 * and the other begins.
 */
void digest_for(char out[DIGEST_SIZE], const char *name, struct span text);

#endif
