#include "webhook_answer.h"

#include <string.h>

#define MASK "\xe2\x80\xa6"

/* What is not shown: the whole and its parts. */
struct beyond_site {
	struct span whole, path, query;
};

/* What stands behind the site: "/hook?key=1"; empty if that is "/" or nothing. */
static struct beyond_site beyond_site(const char *url)
{
	const char *host = strstr(url, "://");
	struct beyond_site beyond = {0};

	if (host == NULL)
		return beyond;
	beyond.whole = span_of(host + 3 + strcspn(host + 3, "/?"));
	beyond.query = beyond.whole;
	span_split(&beyond.query, '?', &beyond.path);
	return beyond;
}

static size_t len_if_begun_with(struct span text, struct span prefix)
{
	if (prefix.len < 2 || text.len < prefix.len || memcmp(text.p, prefix.p, prefix.len) != 0)
		return 0;
	return prefix.len;
}

/* A receiver that is set up badly shows what it was set up with. */
static size_t secret_len(struct span text)
{
	static const char base64[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	size_t len = len_if_begun_with(text, SPAN("whsec_"));

	while (len > 0 && len < text.len && memchr(base64, text.p[len], sizeof(base64) - 1) != NULL)
		len++;
	return len;
}

/* How much of the text's beginning is not shown. */
static size_t masked_len(struct span text, const struct beyond_site *beyond)
{
	size_t len = len_if_begun_with(text, beyond->whole);

	if (len == 0)
		len = len_if_begun_with(text, beyond->path);
	if (len == 0)
		len = len_if_begun_with(text, beyond->query);
	return len > 0 ? len : secret_len(text);
}

void webhook_body_to_show(struct buf *out, const char *url, struct span body)
{
	const struct beyond_site beyond = beyond_site(url);

	while (body.len > 0) {
		size_t masked = masked_len(body, &beyond);

		if (masked > 0)
			buf_puts(out, MASK);
		else
			buf_putc(out, *body.p == '\0' ? ' ' : *body.p);
		body.p += masked > 0 ? masked : 1;
		body.len -= masked > 0 ? masked : 1;
	}
}
