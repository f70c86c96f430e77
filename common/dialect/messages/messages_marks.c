#include <string.h>

#include "common/base/json.h"
#include "messages_internal.h"

enum { MARK_BEGIN = 1, MARK_END = 2 };

void messages_write_mark(struct buf *out, const struct messages_fields *fields)
{
	struct span mark = fields->of[FIELD_CACHE_CONTROL];

	if (json_type(mark) != JSON_OBJECT && json_is_given(fields->of[FIELD_CACHE_BREAKPOINT]))
		mark = SPAN("{\"type\":\"ephemeral\"}");
	if (json_type(mark) != JSON_OBJECT)
		return;
	buf_putc(out, MARK_BEGIN);
	buf_puts(out, ",\"cache_control\":");
	buf_append_span(out, mark);
	buf_putc(out, MARK_END);
}

void messages_mark_last(struct buf *blocks, const struct messages_fields *fields)
{
	if (blocks->len < 2 || blocks->data[blocks->len - 2] == MARK_END)
		return;
	blocks->len--;
	messages_write_mark(blocks, fields);
	buf_putc(blocks, '}');
}

struct span messages_mark_of(const struct buf *blocks, size_t start)
{
	const char *end = blocks->data + blocks->len;
	const char *mark = memchr(blocks->data + start, MARK_BEGIN, blocks->len - start);

	return mark != NULL ? (struct span){mark, (size_t)(end - mark) - 1} : (struct span){0};
}

/* The next mark from p on, whole; empty if there is none. */
static struct span find_mark(const char *p, const char *end)
{
	const char *begin = p < end ? memchr(p, MARK_BEGIN, (size_t)(end - p)) : NULL;
	const char *last = begin != NULL ? memchr(begin, MARK_END, (size_t)(end - begin)) : NULL;

	return last != NULL ? (struct span){begin, (size_t)(last + 1 - begin)} : (struct span){0};
}

size_t messages_count_marks(const struct buf *text)
{
	const char *end;
	struct span mark;
	size_t count = 0;

	if (text->len == 0)
		return 0;
	end = text->data + text->len;
	for (mark = find_mark(text->data, end); mark.len > 0;
	     mark = find_mark(mark.p + mark.len, end))
		count++;
	return count;
}

void messages_copy_marked(struct buf *out, const struct buf *text, size_t *surplus)
{
	const char *p, *end;
	struct span mark;

	if (text->len == 0)
		return;
	p = text->data;
	end = p + text->len;
	while ((mark = find_mark(p, end)).len > 0) {
		buf_append(out, p, (size_t)(mark.p - p));
		if (*surplus > 0)
			--*surplus;
		else
			buf_append(out, mark.p + 1, mark.len - 2);
		p = mark.p + mark.len;
	}
	buf_append(out, p, (size_t)(end - p));
}
