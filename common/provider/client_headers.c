#include "client_headers.h"

#include <string.h>

#include "transfer.h"

static const struct {
	const char *name;
	const char *variable;
} passed[] = {
    {"OpenAI-Beta", "HTTP_OPENAI_BETA"},
    {"X-Client-Request-Id", "HTTP_X_CLIENT_REQUEST_ID"},
    {"traceparent", "HTTP_TRACEPARENT"},
    {"tracestate", "HTTP_TRACESTATE"},
};

static const char openai_line[] = "OpenAI-";

void client_headers_put(struct buf *lines, const char *name, const char *value)
{
	buf_printf(lines, "%s: %s\n", name, value);
}

void client_headers_collect(
    struct buf *lines, const char *(*get)(const void *ctx, const char *variable), const void *ctx)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = get(ctx, passed[i].variable);

		if (value != NULL && value[0] != '\0' && transfer_is_one_line(value))
			client_headers_put(lines, passed[i].name, value);
	}
}

static bool is_openais(struct span line)
{
	const size_t len = sizeof(openai_line) - 1;

	return line.len >= len && memcmp(line.p, openai_line, len) == 0;
}

struct curl_slist *client_headers_add(
    struct curl_slist *headers, struct span lines, bool is_translated)
{
	struct buf text = {0};

	while (lines.len != 0) {
		const char *end = memchr(lines.p, '\n', lines.len);
		struct span line = {lines.p, end != NULL ? (size_t)(end - lines.p) : lines.len};

		if (!is_translated || !is_openais(line)) {
			buf_clear(&text);
			buf_append_span(&text, line);
			headers = transfer_add_header(headers, buf_cstr(&text));
		}
		lines.p += line.len + (end != NULL);
		lines.len -= line.len + (end != NULL);
	}
	buf_free(&text);
	return headers;
}
