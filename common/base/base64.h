/*
 * Base64 (RFC 4648), as others have written it: in either alphabet, with or without padding; blanks
 * and percent signs' escapes in it are allowed.
 */
#ifndef RESPOOL_BASE64_H
#define RESPOOL_BASE64_H

#include <stdbool.h>

#include "buf.h"

/* Appends the bytes. False if it is not base64. */
bool base64_decode(struct buf *out, struct span text);
/* Appends the first bytes, max of them if there are so many. */
void base64_decode_start(struct buf *out, struct span text, size_t max);
/* Appends bytes as base64 in the usual alphabet, padded. */
void base64_encode(struct buf *out, struct span bytes);
/* Appends base64 in the usual alphabet, padded. False if it is not base64. */
bool base64_clean(struct buf *out, struct span text);

/*
 * Takes the next byte off a text that is not empty; one that is escaped by a percent sign is one.
 */
char base64_take_byte(struct span *text);

#endif
