#include "config_access_keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/digest.h"

static const char hash_prefix[] = "sha256:";

/* The digits behind the prefix; NULL if it is no hash. */
static char *hash_digits(char *text)
{
	const size_t prefix_len = sizeof(hash_prefix) - 1;
	char *digits = text + prefix_len;

	if (strncmp(text, hash_prefix, prefix_len) != 0 || strlen(digits) != DIGEST_SIZE - 1 ||
	    digits[strspn(digits, "0123456789abcdefABCDEF")] != '\0')
		return NULL;
	return digits;
}

static bool keep_digits(const struct config_value *value, char *text)
{
	const char *digits = hash_digits(text);

	if (digits == NULL) {
		config_wrong(value, "something else, expected \"sha256:\" and 64 hexadecimal "
				    "digits");
		return false;
	}
	for (; *digits != '\0'; digits++)
		*text++ = *digits >= 'A' && *digits <= 'F' ? (char)(*digits | 0x20) : *digits;
	*text = '\0';
	return true;
}

/* Whether either the key or its hash stands there, and is one. */
static bool has_key(
    const struct config_value *entry, const struct access_kind *kind, const struct access_key *read)
{
	struct config_value key = config_place(entry, "key");
	struct config_value hash = config_place(entry, "key_hash");
	const bool as_it_is = config_member(entry, "key", &key);
	const bool as_hash = config_member(entry, "key_hash", &hash);

	if (!as_it_is && !as_hash) {
		config_wrong(&key, "missing, expected %s", kind->expected);
		return false;
	}
	if (as_it_is && as_hash) {
		config_wrong(&hash, "beside key, expected one of them");
		return false;
	}
	return read->key_hash == NULL || keep_digits(&hash, read->key_hash);
}

/* If not, the variable that has it is not set here. */
static bool is_set(const struct access_key *key)
{
	return key->key != NULL || key->key_hash != NULL;
}

static const char *hash_of(const struct access_key *key, char made[DIGEST_SIZE])
{
	if (key->key_hash != NULL)
		return key->key_hash;
	digest_hex(made, span_of(key->key));
	return made;
}

static bool is_same(const struct access_key *a, const struct access_key *b)
{
	char of_a[DIGEST_SIZE], of_b[DIGEST_SIZE];

	if (!is_set(a) || !is_set(b))
		return false;
	if (a->key != NULL && b->key != NULL)
		return strcmp(a->key, b->key) == 0;
	return strcmp(hash_of(a, of_a), hash_of(b, of_b)) == 0;
}

const struct access_key *access_keys_find(
    const struct access_key *keys, size_t count, const struct access_key *other)
{
	for (size_t i = 0; i < count; i++) {
		if (is_same(&keys[i], other))
			return &keys[i];
	}
	return NULL;
}

static bool differs(const struct config_value *value, const struct access_kind *kind,
    const struct access_key *other, const struct access_key *key)
{
	if (strcmp(other->name, key->name) == 0) {
		config_wrong(value, "name \"%.60s\" again, expected a name for each %s", key->name,
		    kind->whose);
		return false;
	}
	if (is_same(other, key)) {
		config_wrong(value, "the same key as %s \"%.60s\", expected a key for each %s",
		    kind->whose, other->name, kind->whose);
		return false;
	}
	return true;
}

static bool is_new(const struct config_value *value, const struct access_kind *kind,
    const struct access_key *keys, size_t count, const struct access_key *key)
{
	if (kind->may_be_called != NULL && !kind->may_be_called(value, key->name))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!differs(value, kind, &keys[i], key))
			return false;
	}
	return true;
}

void access_key_clear(struct access_key *key)
{
	free(key->name);
	free(key->key);
	free(key->key_hash);
	config_free_strings(key->models, key->model_count);
}

void access_key_inherit(struct access_key *key, const struct access_key *defaults)
{
	for (size_t i = 0; i < defaults->model_count; i++)
		config_append_string(&key->models, &key->model_count, xstrdup(defaults->models[i]));
	key->priority = defaults->priority;
	key->limits = defaults->limits;
}

void access_keys_append(struct access_key **keys, size_t *count, struct access_key key)
{
	*keys = xrealloc(*keys, (*count + 1) * sizeof(**keys));
	(*keys)[(*count)++] = key;
}

static void read_key(const struct config_value *value, const struct access_kind *kind,
    const struct access_key *defaults, struct access_key **keys, size_t *count)
{
	struct access_key key = {0};

	access_key_inherit(&key, defaults);
	if (config_section(
		value, "a mapping with name and key", kind->members, kind->member_count, &key) &&
	    has_key(value, kind, &key) && is_new(value, kind, *keys, *count, &key) &&
	    (is_set(&key) || kind->is_known_without_key))
		access_keys_append(keys, count, key);
	else
		access_key_clear(&key);
}

void access_keys_read(const struct config_value *list, const struct access_kind *kind,
    const struct access_key *defaults, struct access_key **keys, size_t *count)
{
	if (!config_is_list(list, "a list of mappings with name and key"))
		return;
	for (size_t i = 0; i < config_length(list); i++) {
		struct config_value element = config_element(list, i);

		read_key(&element, kind, defaults, keys, count);
	}
}

void access_keys_free(struct access_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		access_key_clear(&keys[i]);
	free(keys);
}
