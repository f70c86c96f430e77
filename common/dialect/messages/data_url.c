#include "data_url.h"

#include <string.h>
#include <strings.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { SNIFFED = 16, END = -1, PADDING = -2, WRONG = -3 };

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

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* The next byte of a payload, whether it is escaped or not. The text is not empty. */
static char take_byte(struct span *text)
{
	char c = text->p[0];
	int high, low;

	if (c == '%' && text->len >= 3) {
		high = hex_value(text->p[1]);
		low = hex_value(text->p[2]);
		if (high >= 0 && low >= 0) {
			skip(text, 3);
			return (char)(high << 4 | low);
		}
	}
	skip(text, 1);
	return c;
}

void data_url_decode(struct buf *out, struct span payload)
{
	while (payload.len > 0)
		buf_putc(out, take_byte(&payload));
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return c == '=' ? PADDING : WRONG;
}

/* The value of the next character that counts; or END, PADDING, WRONG. */
static int take_value(struct span *text)
{
	char c;

	while (text->len > 0) {
		c = take_byte(text);
		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return value_of(c);
	}
	return END;
}

/* After the last value: whether nothing but padding follows. */
static bool ends_well(int value, struct span text, size_t count)
{
	while (value == PADDING)
		value = take_value(&text);
	return value == END && count % 4 != 1;
}

bool base64_clean(struct buf *out, struct span text)
{
	size_t count = 0;
	int value;

	buf_reserve(out, text.len + 3);
	while ((value = take_value(&text)) >= 0) {
		buf_putc(out, alphabet[value]);
		count++;
	}
	if (!ends_well(value, text, count))
		return false;
	for (; count % 4 != 0; count++)
		buf_putc(out, '=');
	return true;
}

/* Appends no more than max bytes. Returns what ended it, and in count how many values there were.
 */
static int decode(struct buf *out, struct span *text, size_t max, size_t *count)
{
	unsigned bits = 0;
	size_t wanted = out->len + max;
	int value = END;

	for (*count = 0; out->len < wanted && (value = take_value(text)) >= 0; ++*count) {
		bits = bits << 6 | (unsigned)value;
		if (*count % 4 != 0)
			buf_putc(out, (char)(bits >> (6 - 2 * (*count % 4))));
	}
	return out->len < wanted ? value : END;
}

bool base64_decode(struct buf *out, struct span text)
{
	size_t count;
	int value = decode(out, &text, text.len + 1, &count);

	return ends_well(value, text, count);
}

const char *base64_sniff(struct span text)
{
	struct buf start = {0};
	const char *type = NULL, *bytes;
	size_t count;

	decode(&start, &text, SNIFFED, &count);
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
