/*
 * Keys that let somebody in, each in the file as it is or, so that the file tells less, its hash:
 * lists of mappings with a name, and key or key_hash.
 */
#ifndef RESPOOL_CONFIG_ACCESS_KEYS_H
#define RESPOOL_CONFIG_ACCESS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "config_section.h"
#include "config_yaml.h"

/* Whose keys they are. */
struct access_kind {
	const char *whose;                /* "tenant" */
	const char *expected;             /* "the tenant's key" */
	const struct config_key *members; /* of a mapping: ACCESS_KEY_MEMBERS() */
	size_t member_count;
	/* Whether one is known whose key or hash is in a variable that is unset and unneeded. */
	bool is_known_without_key;
	/* Whether a name may be taken; if not, that is reported. NULL: any may. */
	bool (*may_be_called)(const struct config_value *value, const char *name);
};

/* The members that every such mapping has, into a struct access_key. */
#define ACCESS_KEY_MEMBERS(whose)                                                                  \
	{"name", CONFIG_STRING, CONFIG_REQUIRED, "the " whose "'s name",                           \
	    IN(struct access_key, name)},                                                          \
	    {"key", CONFIG_SECRET, CONFIG_FOR_CLIENTS, "the " whose "'s key",                      \
		IN(struct access_key, key)},                                                       \
	{                                                                                          \
		"key_hash", CONFIG_SECRET, CONFIG_FOR_CLIENTS,                                     \
		    "\"sha256:\" and 64 hexadecimal digits", IN(struct access_key, key_hash)       \
	}

/*
 * Appends the list's keys; those that are not set here only if their kind says so. Reports errors,
 * such as a name or a key that one before it has. Of a hash, "sha256:" and hexadecimal digits, the
 * digits are kept in lower case. What a key does not say of what may be asked for is as defaults
 * say.
 */
void access_keys_read(const struct config_value *list, const struct access_kind *kind,
    const struct access_key *defaults, struct access_key **keys, size_t *count);

/* Gives a key, without a list of models yet, all that defaults say of what may be asked for. */
void access_key_inherit(struct access_key *key, const struct access_key *defaults);

/* Appends one, which owns its texts from then on. */
void access_keys_append(struct access_key **keys, size_t *count, struct access_key key);

/* The first one that the key of another fits as well, or NULL. */
const struct access_key *access_keys_find(
    const struct access_key *keys, size_t count, const struct access_key *other);

/* Frees what the key owns. */
void access_key_clear(struct access_key *key);
/* Frees all of them. */
void access_keys_free(struct access_key *keys, size_t count);

#endif
