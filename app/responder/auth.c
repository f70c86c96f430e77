#include "auth.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/digest.h"
#include "common/config/key_models.h"

/* The key of "Bearer KEY" (RFC 6750 section 2.1), or NULL. */
static const char *bearer_key(const char *authorization)
{
	if (authorization == NULL || strncasecmp(authorization, "Bearer", 6) != 0 ||
	    authorization[6] != ' ')
		return NULL;
	return authorization + 6 + strspn(authorization + 6, " ");
}

/* Takes a time that depends on the length of what was sent, and on nothing else. */
static bool same_key(const char *sent, size_t sent_len, const char *key)
{
	size_t key_len = strlen(key);
	size_t difference = sent_len ^ key_len;

	for (size_t i = 0; i < sent_len; i++)
		difference |= (unsigned char)sent[i] ^ (unsigned char)key[i < key_len ? i : 0];
	return difference == 0;
}

/* A key that was sent, and its hash once that is needed. */
struct sent_key {
	const char *text;
	size_t len;
	char hash[DIGEST_SIZE];
};

static bool fits(struct sent_key *sent, const struct access_key *key)
{
	if (key->key_hash == NULL)
		return same_key(sent->text, sent->len, key->key);
	if (sent->hash[0] == '\0')
		digest_hex(sent->hash, (struct span){sent->text, sent->len});
	return same_key(sent->hash, DIGEST_SIZE - 1, key->key_hash);
}

/* The one that fits, or NULL. Looks at every key, also after one has fitted. */
static const struct access_key *find_key(
    const struct access_key *keys, size_t count, struct sent_key *sent)
{
	const struct access_key *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (fits(sent, &keys[i]))
			found = &keys[i];
	}
	return sent->len > 0 ? found : NULL;
}

static const struct access_key *find_tenant(const struct config *config, struct sent_key *sent)
{
	return find_key(config->tenants, config->tenant_count, sent);
}

static const struct access_key *find_admin(const struct config *config, struct sent_key *sent)
{
	return find_key(config->admin_keys, config->admin_key_count, sent);
}

/* False if none was sent. */
static bool take_key(const struct http_request *request, struct sent_key *sent)
{
	const char *key = bearer_key(request->litellm_key);

	if (key == NULL)
		key = request->litellm_key;
	if (key == NULL)
		key = bearer_key(request->authorization);
	if (key == NULL)
		key = request->api_key;
	*sent = (struct sent_key){.text = key, .len = key != NULL ? strlen(key) : 0};
	return key != NULL;
}

/* So that nobody looks for a key that cannot be there; or "". */
static const char *unconfigured(const struct config *config)
{
	return config->admin_key_count == 0
		   ? " No administrator's key is configured: respool.admin_keys."
		   : "";
}

static void refuse_without_key(struct api_error *error, const char *more)
{
	api_error_set(error, 401, "authentication_error", NULL, NULL,
	    "No API key was sent, expected the header \"Authorization: Bearer KEY\", "
	    "\"api-key: KEY\", \"x-api-key: KEY\" or \"x-litellm-api-key: KEY\".%s",
	    more);
}

static void refuse_unknown_key(struct api_error *error, const char *more)
{
	api_error_set(error, 401, "authentication_error", NULL, "invalid_api_key",
	    "The API key that was sent is not valid.%s", more);
}

/* Only to who has it: it says that this has been a key. */
static void refuse_expired_key(struct api_error *error)
{
	api_error_set(error, 401, "authentication_error", NULL, "invalid_api_key",
	    "The API key that was sent has expired: ask for a new one.");
}

const struct access_key *auth_tenant(
    const struct config *config, const struct http_request *request, struct api_error *error)
{
	struct sent_key sent;
	const struct access_key *key;

	if (!take_key(request, &sent)) {
		if (config->allow_anonymous)
			return &config->tenant_defaults;
		refuse_without_key(error, "");
		return NULL;
	}
	key = find_tenant(config, &sent);
	if (key == NULL) {
		refuse_unknown_key(error, "");
	} else if (key_has_expired(key, time(NULL))) {
		refuse_expired_key(error);
		return NULL;
	}
	return key;
}

const char *auth_admin(
    const struct config *config, const struct http_request *request, struct api_error *error)
{
	struct sent_key sent;
	const struct access_key *admin;

	if (!take_key(request, &sent)) {
		refuse_without_key(error, unconfigured(config));
		return NULL;
	}
	admin = find_admin(config, &sent);
	if (admin != NULL)
		return admin->name;
	if (find_tenant(config, &sent) != NULL)
		api_error_set(error, 403, "permission_error", NULL, "admin_key_required",
		    "This is for administrators: it takes a key of respool.admin_keys, and the one "
		    "that was sent is a client's.%s Clients' own routes have no \"respool\" before "
		    "\"/v1\".",
		    unconfigured(config));
	else
		refuse_unknown_key(error, unconfigured(config));
	return NULL;
}
