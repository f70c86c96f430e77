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
