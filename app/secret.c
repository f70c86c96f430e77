#include "secret.h"

#include <string.h>

static const char *find(struct span text, const char *secret)
{
	size_t len = secret != NULL ? strlen(secret) : 0;

	return len != 0 && text.len >= len ? memmem(text.p, text.len, secret, len) : NULL;
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

void secret_mask_open(struct secret_mask *mask, const char *secret)
{
	*mask = (struct secret_mask){.secret = secret != NULL ? secret : ""};
}

void secret_mask_close(struct secret_mask *mask)
{
	buf_free(&mask->text);
}

/* How many bytes at the end of the text may be the secret's first ones. */
static size_t begun_at_end(struct span text, const char *secret)
{
	size_t len = strlen(secret);
	size_t most = len == 0 ? 0 : len - 1;

	for (size_t begun = most < text.len ? most : text.len; begun > 0; begun--) {
		if (memcmp(text.p + text.len - begun, secret, begun) == 0)
			return begun;
	}
	return 0;
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
	struct buf *text = &mask->text;

	if (mask->held == 0 && !secret_is_in(piece, mask->secret) &&
	    begun_at_end(piece, mask->secret) == 0)
		return piece;
	if (mask->held != 0)
		memmove(text->data, text->data + text->len - mask->held, mask->held);
	text->len = mask->held;
	buf_append_span(text, piece);
	overwrite(text, mask->secret);
	mask->held = begun_at_end(buf_span(text), mask->secret);
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
