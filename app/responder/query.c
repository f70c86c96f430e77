#include "query.h"

#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

bool query_next(const char **query, struct span *name, struct span *value)
{
	const char *text = *query;
	size_t len = strcspn(text, "&");
	size_t name_len = strcspn(text, "=&");
	size_t value_start = name_len < len ? name_len + 1 : len;

	if (*text == '\0')
		return false;
	*name = (struct span){text, name_len};
	*value = (struct span){text + value_start, len - value_start};
	*query = text + len + (text[len] == '&');
	return true;
}

void query_decode(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool escaped = text.p[i] == '%' && i + 2 < text.len &&
			       hex_digit(text.p[i + 1]) >= 0 && hex_digit(text.p[i + 2]) >= 0;

		if (escaped) {
			buf_putc(
			    out, (char)(hex_digit(text.p[i + 1]) << 4 | hex_digit(text.p[i + 2])));
			i += 2;
		} else {
			buf_putc(out, text.p[i] == '+' ? ' ' : text.p[i]);
		}
	}
}

bool query_read(const char *query, query_set_fn *set, void *ctx, struct api_error *error)
{
	struct span name, raw;
	struct buf value = {0};
	bool valid = true;

	while (valid && query_next(&query, &name, &raw)) {
		buf_clear(&value);
		query_decode(&value, raw);
		valid = set(ctx, name, &value, error);
	}
	buf_free(&value);
	return valid;
}

void query_without(struct buf *out, const char *query, const char *name)
{
	struct buf decoded = {0};
	struct span raw, value;
	size_t start = out->len;

	while (query_next(&query, &raw, &value)) {
		buf_clear(&decoded);
		query_decode(&decoded, raw);
		if (strcasecmp(buf_cstr(&decoded), name) == 0)
			continue;
		if (out->len > start)
			buf_putc(out, '&');
		buf_append(out, raw.p, (size_t)(value.p + value.len - raw.p));
	}
	buf_free(&decoded);
}

bool query_bad_value(
    struct api_error *error, const char *name, const char *value, const char *expected)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_value",
	    "Invalid value for '%s': '%.64s', expected %s.", name, value, expected);
}
