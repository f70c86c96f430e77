#include <string.h>

#include "secret.h"

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
	const char *end = text.p + text.len;
	const char *p = end - (most < text.len ? most : text.len);

	for (; p < end && (p = memchr(p, secret[0], (size_t)(end - p))) != NULL; p++) {
		if (memcmp(p, secret, (size_t)(end - p)) == 0)
			return (size_t)(end - p);
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

	while ((hit = secret_find(rest, secret)) != NULL) {
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
