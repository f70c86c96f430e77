#include "auth.h"

#include <string.h>
#include <strings.h>

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

/* Looks at every tenant's key, also after one has fitted. */
static const char *find_tenant(const struct config *config, const char *key)
{
	const char *name = NULL;
	size_t len = strlen(key);

	for (size_t i = 0; i < config->tenant_count; i++) {
		if (same_key(key, len, config->tenants[i].key))
			name = config->tenants[i].name;
	}
	return len > 0 ? name : NULL;
}

/* NULL if none was sent. */
static const char *sent_key(const struct http_request *request)
{
	const char *key = bearer_key(request->litellm_key);

	if (key == NULL)
		key = request->litellm_key;
	if (key == NULL)
		key = bearer_key(request->authorization);
	return key != NULL ? key : request->api_key;
}

const char *auth_tenant(
    const struct config *config, const struct http_request *request, struct api_error *error)
{
	const char *key = sent_key(request);
	const char *tenant;

	if (key == NULL && config->allow_anonymous)
		return "";
	if (key == NULL) {
		api_error_set(error, 401, "authentication_error", NULL, NULL,
		    "No API key was sent, expected the header \"Authorization: Bearer KEY\", "
		    "\"api-key: KEY\", \"x-api-key: KEY\" or \"x-litellm-api-key: KEY\".");
		return NULL;
	}
	tenant = find_tenant(config, key);
	if (tenant == NULL)
		api_error_set(error, 401, "authentication_error", NULL, "invalid_api_key",
		    "The API key that was sent is not valid.");
	return tenant;
}
