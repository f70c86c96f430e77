#include "config_access_key.h"

#include <string.h>

#include "common/base/digest.h"
#include "config_section.h"

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

bool access_key_check(const struct config_value *entry, const char *expected, char **key_hash)
{
	struct config_value key = config_place(entry, "key");
	struct config_value hash = config_place(entry, "key_hash");
	const bool has_key = config_member(entry, "key", &key);
	const bool has_hash = config_member(entry, "key_hash", &hash);

	if (!has_key && !has_hash) {
		config_wrong(&key, "missing, expected %s", expected);
		return false;
	}
	if (has_key && has_hash) {
		config_wrong(&hash, "beside key, expected one of them");
		return false;
	}
	return *key_hash == NULL || keep_digits(&hash, *key_hash);
}

static const char *hash_of(struct access_key of, char made[DIGEST_SIZE])
{
	if (of.key_hash != NULL)
		return of.key_hash;
	digest_hex(made, span_of(of.key));
	return made;
}

static bool is_set(struct access_key key)
{
	return key.key != NULL || key.key_hash != NULL;
}

bool access_key_same(struct access_key a, struct access_key b)
{
	char of_a[DIGEST_SIZE], of_b[DIGEST_SIZE];

	if (!is_set(a) || !is_set(b))
		return false;
	if (a.key != NULL && b.key != NULL)
		return strcmp(a.key, b.key) == 0;
	return strcmp(hash_of(a, of_a), hash_of(b, of_b)) == 0;
}
