#include "conversation_path.h"

#include <string.h>

enum {
	MAX_SEGMENT = 512, /* bytes; ids of proxies are long */
	MAX_DEPTH = 8,     /* conversations/ID/items/ID is 3 */
};

/* In a path, dots alone lead elsewhere. */
static bool is_valid(struct span segment)
{
	static const char unreserved[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	if (segment.len > MAX_SEGMENT || span_is(segment, ".") || span_is(segment, ".."))
		return false;
	for (size_t i = 0; i < segment.len; i++) {
		if (segment.p[i] == '\0' || strchr(unreserved, segment.p[i]) == NULL)
			return false;
	}
	return true;
}

bool conversation_path(struct buf *out, struct span below)
{
	size_t depth = 0;

	buf_puts(out, "conversations");
	while (below.len > 0) {
		const char *slash = memchr(below.p, '/', below.len);
		size_t len = slash != NULL ? (size_t)(slash - below.p) : below.len;
		struct span segment = {below.p, len};

		below.p += len + (slash != NULL);
		below.len -= len + (slash != NULL);
		if (len == 0)
			continue;
		if (!is_valid(segment) || ++depth > MAX_DEPTH)
			return false;
		buf_putc(out, '/');
		buf_append_span(out, segment);
	}
	return true;
}
