/*
 * Items that only their maker can read: reasoning or what a compaction has made, with
 * encrypted_content.
 */
#ifndef RESPOOL_ENCRYPTED_CONTENT_H
#define RESPOOL_ENCRYPTED_CONTENT_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/digest.h"

enum { ENCRYPTED_HASH_SIZE = DIGEST_SIZE };

/* Whether there may be some in a text of JSON: one look at its bytes. */
bool encrypted_content_may_be_in(struct span text);

/* The encrypted_content of an item, a JSON string as it is spelled; empty if it has none. */
struct span encrypted_content_of(struct span item);

/*
 * Calls fn with that of each item of a JSON array that has one, in their order. Of anything but an
 * array there are none.
 */
void encrypted_content_each(
    struct span items, void (*fn)(void *ctx, struct span content), void *ctx);

/*
 * A hash of a content, which tells nothing of it, and which nobody can tell who is not its tenant:
 * 64 hex digits, the same for all spellings of the string.
 */
void encrypted_content_hash(char out[ENCRYPTED_HASH_SIZE], const char *tenant, struct span content);

enum { ENCRYPTED_MOST = 1000 }; /* contents of one answer that are remembered */

/*
 * Whether a content is to be remembered, by its hash and those of the same answer that have been,
 * one behind the other: it is none of these, and they are not ENCRYPTED_MOST.
 */
bool encrypted_hash_is_new(struct span hashes, const char hash[ENCRYPTED_HASH_SIZE]);

#endif
