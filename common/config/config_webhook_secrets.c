#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/base64.h"
#include "common/base/buf.h"
#include "config_section.h"
#include "config_webhooks_internal.h"

static const char expected_secret[] = "\"whsec_\" and base64 of 24 to 64 bytes";
static const char prefix[] = "whsec_";

static void append(struct webhook_endpoint *endpoint, struct span key)
{
	struct webhook_secret secret = {.len = key.len};

	memcpy(secret.key, key.p, key.len);
	endpoint->secrets =
	    xrealloc(endpoint->secrets, (endpoint->secret_count + 1) * sizeof(secret));
	endpoint->secrets[endpoint->secret_count++] = secret;
}

/* Only the usual alphabet: a receiver's library may read others in another way. */
static bool is_plain_base64(const char *text)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

	return text[strspn(text, alphabet)] == '\0';
}

static bool parse(const char *text, struct webhook_endpoint *endpoint)
{
	const char *encoded = text + strlen(prefix);
	struct buf key = {0};
	bool ok;

	if (strncmp(text, prefix, strlen(prefix)) != 0 || !is_plain_base64(encoded))
		return false;
	ok = base64_decode(&key, span_of(encoded)) && key.len >= WEBHOOK_KEY_MIN &&
	     key.len <= WEBHOOK_KEY_MAX;
	if (ok)
		append(endpoint, buf_span(&key));
	buf_free(&key);
	return ok;
}

static void read_secret(const struct config_value *value, struct webhook_endpoint *endpoint)
{
	static const struct config_key key = {.name = "secret",
	    .type = CONFIG_SECRET,
	    .flags = CONFIG_FOR_RECEIVERS,
	    .expected = expected_secret};
	char *text = NULL;

	if (config_one(value, &key, &text) && text != NULL && !parse(text, endpoint))
		config_wrong(value, "something else, expected %s", expected_secret);
	free(text);
}

void webhook_read_secrets(const struct config_value *value, void *dest)
{
	struct webhook_draft *draft = dest;

	if (value->node->type != YAML_SEQUENCE_NODE) {
		read_secret(value, &draft->endpoint);
		return;
	}
	if (config_length(value) == 0)
		config_wrong(value, "an empty list, expected %s", expected_secret);
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);

		read_secret(&element, &draft->endpoint);
	}
}
