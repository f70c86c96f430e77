/*
 * A growable byte buffer, and a span: bytes that somebody else owns.
 * A zeroed struct buf is a valid empty buffer. Growth is geometric, so appending is amortised O(1).
 */
#ifndef RESPOOL_BUF_H
#define RESPOOL_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *p;
	size_t len;
};

/* A span over a string literal. */
#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

struct span span_of(const char *s);
bool span_eq(struct span a, struct span b);
bool span_is(struct span a, const char *s);
/* Takes a prefix off the front; false, and all stays, if there is none such. */
bool span_skip(struct span *text, const char *prefix);
/*
 * Takes what stands before the end character, or all if that is not there, off the front; the
 * character goes as well. Returns whether it was there.
 */
bool span_split(struct span *text, char end, struct span *taken);
/* By their bytes, as memcmp(3): <0, 0 or >0. */
int span_compare(struct span a, struct span b);

struct buf {
	char *data; /* NULL until the first byte; not NUL-terminated unless buf_cstr() was called */
	size_t len;
	size_t cap;
};

void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* empties it and keeps the memory */
/* Empties it, and keeps at most so many bytes of memory: else one long text would stay for ever. */
void buf_recycle(struct buf *b, size_t most);
/* Makes room for extra more bytes and returns where they go; the caller adds to len. */
char *buf_reserve(struct buf *b, size_t extra);
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_span(struct buf *b, struct span s);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts a NUL behind the content, outside len, and returns data. */
const char *buf_cstr(struct buf *b);
struct span buf_span(const struct buf *b);

#endif
