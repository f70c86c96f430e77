/* Keys that let somebody in, each in the file as it is or, so that the file tells less, its hash.
 */
#ifndef RESPOOL_CONFIG_ACCESS_KEY_H
#define RESPOOL_CONFIG_ACCESS_KEY_H

#include <stdbool.h>

#include "config.h"
#include "config_yaml.h"

/* key or its hash: one of them, both NULL if the variable that has it is not set here. */
struct access_key {
	const char *key, *key_hash;
};

/*
 * Checks what the members "key" and "key_hash" of an entry have been read into, of which one has to
 * stand there: expected says what for. Of the hash, "sha256:" and hexadecimal digits, *key_hash
 * keeps the digits, in lower case. Reports errors.
 */
bool access_key_check(const struct config_value *entry, const char *expected, char **key_hash);

/* Whether the same key fits both. */
bool access_key_same(struct access_key a, struct access_key b);

#endif
