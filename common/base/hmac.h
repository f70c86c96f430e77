/* HMAC-SHA256 (RFC 2104, FIPS 198-1). */
#ifndef RESPOOL_HMAC_H
#define RESPOOL_HMAC_H

#include <stddef.h>

#include "buf.h"

enum { HMAC_SIZE = 32 };

/* Of a text, by a key of any length. */
void hmac_sha256(unsigned char out[HMAC_SIZE], const void *key, size_t key_len, struct span text);

#endif
