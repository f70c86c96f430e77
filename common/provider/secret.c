#include "secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/config/model.h"

enum {
	SURE_LENGTH = 12, /* of what is a secret whatever it is made of */
	LEAST_LENGTH = 6,
};

static bool has(const char *text, int is_kind(int))
{
	for (; *text != '\0'; text++) {
		if (is_kind((unsigned char)*text))
			return true;
	}
	return false;
}

static bool is_secret(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	return len >= SURE_LENGTH ||
	       (len >= LEAST_LENGTH && has(text, isalpha) && has(text, isdigit));
}

const char *secret_find(struct span text, const char *secret)
{
	if (!is_secret(secret) || text.len < strlen(secret))
		return NULL;
	return memmem(text.p, text.len, secret, strlen(secret));
}

bool secret_is_in(struct span text, const char *secret)
{
	return secret_find(text, secret) != NULL;
}

void secret_redact(struct buf *out, struct span text, const char *secret)
{
	const char *end = text.p + text.len, *hit;

	while ((hit = secret_find(text, secret)) != NULL) {
		buf_append(out, text.p, (size_t)(hit - text.p));
		buf_puts(out, "[redacted]");
		text.p = hit + strlen(secret);
		text.len = (size_t)(end - text.p);
	}
	buf_append_span(out, text);
}

/* Whether a header of such a name, "Name: value", tells who asks. */
static bool tells_who_asks(const char *line)
{
	static const char *const words[] = {"auth", "key", "token", "secret", "password", "cookie"};
	size_t name = strcspn(line, ":");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		for (size_t at = 0; at + len <= name; at++) {
			if (strncasecmp(line + at, words[i], len) == 0)
				return true;
		}
	}
	return false;
}

/* Behind a scheme ("Bearer"), if there is one. */
static const char *last_word(const char *line)
{
	const char *blank = strrchr(line, ' ');
	const char *colon = strchr(line, ':');

	if (blank != NULL)
		return blank + 1;
	return colon != NULL ? colon + 1 : NULL;
}

static void add(struct secrets *secrets, const char *text)
{
	if (is_secret(text))
		secrets->texts[secrets->count++] = text;
}

void secrets_open(struct secrets *secrets, const struct deployment *deployment, const char *model)
{
	size_t most = deployment->extra_header_count + 1;

	*secrets = (struct secrets){.texts = xcalloc(most, sizeof(*secrets->texts))};
	add(secrets, deployment_key(deployment, model));
	for (size_t i = 0; i < deployment->extra_header_count; i++) {
		if (tells_who_asks(deployment->extra_headers[i]))
			add(secrets, last_word(deployment->extra_headers[i]));
	}
}

void secrets_close(struct secrets *secrets)
{
	free(secrets->texts);
	*secrets = (struct secrets){0};
}

bool secrets_are_in(struct span text, const struct secrets *secrets)
{
	for (size_t i = 0; i < secrets->count; i++) {
		if (secret_is_in(text, secrets->texts[i]))
			return true;
	}
	return false;
}

void secrets_redact(struct buf *out, struct span text, const struct secrets *secrets)
{
	buf_append_span(out, text);
	for (size_t i = 0; i < secrets->count; i++) {
		struct buf clean = {0};

		secret_redact(&clean, buf_span(out), secrets->texts[i]);
		buf_free(out);
		*out = clean;
	}
}
