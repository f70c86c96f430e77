#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "log.h"

enum { BUF_MIN = 64 };

struct span span_of(const char *s)
{
	return (struct span){s, strlen(s)};
}

bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool span_is(struct span a, const char *s)
{
	return span_eq(a, span_of(s));
}

bool span_skip(struct span *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->p, prefix, len) != 0)
		return false;
	text->p += len;
	text->len -= len;
	return true;
}

bool span_split(struct span *text, char end, struct span *taken)
{
	const char *found = text->len != 0 ? memchr(text->p, end, text->len) : NULL;
	size_t skipped;

	*taken = (struct span){text->p, found != NULL ? (size_t)(found - text->p) : text->len};
	skipped = taken->len + (found != NULL);
	if (skipped > 0) /* the text may be no more than NULL */
		text->p += skipped;
	text->len -= skipped;
	return found != NULL;
}

int span_compare(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_recycle(struct buf *b, size_t most)
{
	if (b->cap > most)
		buf_free(b);
	buf_clear(b);
}

char *buf_reserve(struct buf *b, size_t extra)
{
	if (extra > SIZE_MAX / 4 - b->len)
		fatalx("a buffer of %zu bytes cannot grow by %zu", b->len, extra);
	if (b->len + extra > b->cap) {
		size_t cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;

		while (cap < b->len + extra)
			cap += cap / 2;
		b->data = xrealloc(b->data, cap);
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_reserve(b, len), data, len);
	b->len += len;
}

void buf_append_span(struct buf *b, struct span s)
{
	buf_append(b, s.p, s.len);
}

void buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		fatalx("cannot format \"%s\"", format);
	vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, format, again);
	va_end(again);
	b->len += (size_t)n;
}

const char *buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->data;
}

struct span buf_span(const struct buf *b)
{
	return (struct span){b->data, b->len};
}
