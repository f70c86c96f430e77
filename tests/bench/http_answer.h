/*
 * The framing of an HTTP answer that is read as it comes. It has to be a 200 and chunked, as
 * streams are.
 */
#ifndef BENCH_HTTP_ANSWER_H
#define BENCH_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum { LINE_MAX_BYTES = 1024 }; /* the rest of a line is not looked at */

struct line {
	char p[LINE_MAX_BYTES];
	size_t len;
};

/* The text stays without a NUL until a caller sets one; there is room for it. */
void line_add(struct line *line, const char *p, size_t len);

enum http_state {
	HTTP_HEAD,
	HTTP_BODY,
	HTTP_ENDED,
	HTTP_REFUSED, /* it is no 200 */
	HTTP_BROKEN,
};

/* Zeroed it waits for the first byte. */
struct http_answer {
	enum http_state state;
	const char *why; /* it was refused or is broken; points into the answer, or is static */
	/* The rest is http_answer.c's. */
	int next;
	bool chunked;
	size_t chunk_left;
	struct line line;
};

/*
 * Takes some of len bytes, at least one, and says how many. If they belong to the body, *body is
 * where they begin, and NULL if not. Not to be called when state is beyond HTTP_BODY.
 */
size_t http_answer_take(struct http_answer *answer, const char *p, size_t len, const char **body);

#endif
