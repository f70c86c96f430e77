/* Identifiers of background responses: "litellm_poll_" and a UUIDv4 (RFC 9562 section 5.4). */
#ifndef RESPOOL_RESPONSE_ID_H
#define RESPOOL_RESPONSE_ID_H

#include <stdbool.h>

#include "common/base/buf.h"

#define RESPONSE_ID_PREFIX     "litellm_poll_"
#define RESPONSE_UNKEPT_PREFIX "resp_unkept_"

enum {
	RESPONSE_ID_LEN = 13 + 36,
	RESPONSE_ID_SIZE = RESPONSE_ID_LEN + 1,
	RESPONSE_ID_MAX = 128, /* longest that response_id_valid() accepts */
};

/* Writes a new id, NUL-terminated, from 122 random bits of the kernel's generator. */
void response_id_generate(char out[RESPONSE_ID_SIZE]);

/*
 * Likewise an id for a response that nobody keeps: RESPONSE_UNKEPT_PREFIX, and 148 random bits in
 * hexadecimal.
 */
void response_id_generate_unkept(char out[RESPONSE_ID_SIZE]);
bool response_id_is_unkept(const char *id);

/* Whether id is of ours rather than a provider's: it begins with the prefix. */
bool response_id_is_polling(const char *id);

/*
 * Whether id may become part of a Redis key: the prefix, then 1 or more of [A-Za-z0-9_-], at most
 * RESPONSE_ID_MAX characters in all. Wider than a UUID, as other writers of the same keys may use
 * other suffixes.
 */
bool response_id_valid(const char *id);
/* Copies it if it is valid. False, and what is in out is not to be read, if it is not. */
bool response_id_copy(char out[RESPONSE_ID_MAX + 1], struct span id);

#endif
