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

static const char *find(struct span text, const char *secret)
{
	if (!is_secret(secret) || text.len < strlen(secret))
		return NULL;
	return memmem(text.p, text.len, secret, strlen(secret));
}

bool secret_is_in(struct span text, const char *secret)
{
	return find(text, secret) != NULL;
}

void secret_redact(struct buf *out, struct span text, const char *secret)
{
	const char *end = text.p + text.len, *hit;

	while ((hit = find(text, secret)) != NULL) {
		buf_append(out, text.p, (size_t)(hit - text.p));
		buf_puts(out, "[redacted]");
		text.p = hit + strlen(secret);
		text.len = (size_t)(end - text.p);
	}
	buf_append_span(out, text);
}

/* ---- a deployment's -------------------------------------------------------------------------- */

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

/* ---- in a text that comes in pieces ---------------------------------------------------------- */

void secret_mask_open(struct secret_mask *mask, const struct secrets *secrets)
{
	*mask = (struct secret_mask){.secrets = secrets};
}

void secret_mask_close(struct secret_mask *mask)
{
	buf_free(&mask->text);
}

/* How many bytes at the end of the text may be the secret's first ones. */
static size_t begun_at_end(struct span text, const char *secret)
{
	size_t most = strlen(secret) - 1;

	for (size_t begun = most < text.len ? most : text.len; begun > 0; begun--) {
		if (memcmp(text.p + text.len - begun, secret, begun) == 0)
			return begun;
	}
	return 0;
}

static size_t any_begun_at_end(struct span text, const struct secrets *secrets)
{
	size_t most = 0;

	for (size_t i = 0; i < secrets->count; i++) {
		size_t begun = begun_at_end(text, secrets->texts[i]);

		if (begun > most)
			most = begun;
	}
	return most;
}

static void overwrite(struct buf *text, const char *secret)
{
	struct span rest = buf_span(text);
	const char *hit;

	while ((hit = find(rest, secret)) != NULL) {
		memset(text->data + (hit - text->data), '*', strlen(secret));
		rest.len -= (size_t)(hit - rest.p);
		rest.p = hit;
	}
}

struct span secret_mask_next(struct secret_mask *mask, struct span piece)
{
	const struct secrets *secrets = mask->secrets;
	struct buf *text = &mask->text;

	if (mask->held == 0 && !secrets_are_in(piece, secrets) &&
	    any_begun_at_end(piece, secrets) == 0)
		return piece;
	if (mask->held != 0)
		memmove(text->data, text->data + text->len - mask->held, mask->held);
	text->len = mask->held;
	buf_append_span(text, piece);
	for (size_t i = 0; i < secrets->count; i++)
		overwrite(text, secrets->texts[i]);
	mask->held = any_begun_at_end(buf_span(text), secrets);
	return (struct span){text->data, text->len - mask->held};
}

struct span secret_mask_rest(struct secret_mask *mask)
{
	size_t held = mask->held;

	mask->held = 0;
	if (held == 0)
		return (struct span){0};
	return (struct span){mask->text.data + mask->text.len - held, held};
}
