#include "data_url.h"

#include <string.h>
#include <strings.h>

#include "common/base/base64.h"

enum { SNIFFED = 16 };

static bool begins_with(struct span text, const char *beginning)
{
	size_t len = strlen(beginning);

	return text.len >= len && strncasecmp(text.p, beginning, len) == 0;
}

bool data_url_is(struct span url)
{
	return begins_with(url, "data:");
}

static void skip(struct span *text, size_t len)
{
	text->p += len;
	text->len -= len;
}

/* The bytes before c, or all; c and they are taken off the front of text. */
static struct span take_until(struct span *text, char c)
{
	const char *found = text->len > 0 ? memchr(text->p, c, text->len) : NULL;
	struct span taken = *text;

	if (found != NULL)
		taken.len = (size_t)(found - text->p);
	skip(text, found != NULL ? taken.len + 1 : taken.len);
	return taken;
}

bool data_url_read(struct data_url *parsed, struct span url)
{
	struct span head, parameter = {0};

	if (!data_url_is(url) || memchr(url.p, ',', url.len) == NULL)
		return false;
	skip(&url, strlen("data:"));
	head = take_until(&url, ',');
	*parsed = (struct data_url){.media_type = take_until(&head, ';'), .payload = url};
	while (head.len > 0)
		parameter = take_until(&head, ';');
	while (begins_with(parameter, " "))
		skip(&parameter, 1);
	parsed->is_base64 = begins_with(parameter, "base64") && parameter.len == strlen("base64");
	return true;
}

void data_url_decode(struct buf *out, struct span payload)
{
	while (payload.len > 0)
		buf_putc(out, base64_take_byte(&payload));
}

const char *base64_sniff(struct span text)
{
	struct buf start = {0};
	const char *type = NULL, *bytes;

	base64_decode_start(&start, text, SNIFFED);
	while (start.len < SNIFFED)
		buf_putc(&start, '\0');
	bytes = start.data;
	if (memcmp(bytes, "\x89PNG", 4) == 0)
		type = "image/png";
	else if (memcmp(bytes, "\xff\xd8\xff", 3) == 0)
		type = "image/jpeg";
	else if (memcmp(bytes, "GIF8", 4) == 0)
		type = "image/gif";
	else if (memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
		type = "image/webp";
	else if (memcmp(bytes, "%PDF-", 5) == 0)
		type = "application/pdf";
	buf_free(&start);
	return type;
}
