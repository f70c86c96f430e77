#include "sse.h"

#include <string.h>

enum { KEEP_BYTES = 4096 }; /* larger buffers are given back once they are empty */

/* What holds only while one sse_feed() runs. */
struct feed {
	struct sse_parser *sse;
	const char *p;
	const char *end;
	const char *lf;    /* the first LF at or after p, else end; stale when before p */
	struct span first; /* the only data line so far of the open event, not copied yet */
};

void sse_init(struct sse_parser *sse, size_t max_event, sse_event_fn *on_event, void *ctx)
{
	*sse = (struct sse_parser){.on_event = on_event, .ctx = ctx, .max_event = max_event};
}

void sse_free(struct sse_parser *sse)
{
	buf_free(&sse->line);
	buf_free(&sse->data);
}

static const char *find(const char *p, const char *end, char c)
{
	const char *found = memchr(p, c, (size_t)(end - p));

	return found != NULL ? found : end;
}

/* Where the line that begins at p ends, or NULL if its end is not among the bytes. */
static const char *line_end(struct feed *feed)
{
	const char *end;

	if (feed->lf < feed->p)
		feed->lf = find(feed->p, feed->end, '\n');
	end = find(feed->p, feed->lf, '\r');
	return end != feed->end ? end : NULL;
}

static void skip_lf_of_crlf(struct feed *feed)
{
	if (feed->sse->after_cr && feed->p != feed->end) {
		feed->sse->after_cr = false;
		if (*feed->p == '\n')
			feed->p++;
	}
}

static void copy_first(struct feed *feed)
{
	if (feed->first.p != NULL)
		buf_append_span(&feed->sse->data, feed->first);
	feed->first = (struct span){0};
}

static enum sse_result add_data(struct feed *feed, struct span value)
{
	struct sse_parser *sse = feed->sse;

	if (!sse->have_data) {
		sse->have_data = true;
		feed->first = value;
		return SSE_OK;
	}
	copy_first(feed);
	if (value.len >= sse->max_event - sse->data.len)
		return SSE_TOO_LONG;
	buf_putc(&sse->data, '\n');
	buf_append_span(&sse->data, value);
	return SSE_OK;
}

/* The parser is left in order before the call: on_event may free it. */
static enum sse_result dispatch(struct feed *feed)
{
	struct sse_parser *sse = feed->sse;
	struct span data = feed->first;

	bool idle = sse->idle;

	sse->idle = false;
	if (!sse->have_data)
		return SSE_OK;
	if (data.p == NULL)
		data = (struct span){buf_cstr(&sse->data), sse->data.len};
	sse->have_data = false;
	feed->first = (struct span){0};
	buf_clear(&sse->data);
	return idle || sse->on_event(sse->ctx, data) ? SSE_OK : SSE_STOPPED;
}

static struct span without_bom(struct span line)
{
	static const char bom[] = {'\xEF', '\xBB', '\xBF'};

	if (line.len < sizeof(bom) || memcmp(line.p, bom, sizeof(bom)) != 0)
		return line;
	return (struct span){line.p + sizeof(bom), line.len - sizeof(bom)};
}

/* Whether the line is "data", "data:value" or "data: value". */
static bool data_value(struct span line, struct span *value)
{
	size_t skip = 4;

	if (line.len < skip || memcmp(line.p, "data", skip) != 0)
		return false;
	if (line.len > skip && line.p[skip++] != ':')
		return false;
	if (line.len > skip && line.p[skip] == ' ')
		skip++;
	*value = (struct span){line.p + skip, line.len - skip};
	return true;
}

static enum sse_result take_line(struct feed *feed, struct span line)
{
	struct span value;

	if (!feed->sse->started) {
		feed->sse->started = true;
		line = without_bom(line);
	}
	if (line.len == 0)
		return dispatch(feed);
	if (data_value(line, &value))
		return add_data(feed, value);
	return SSE_OK;
}

/* Asks whether the event is wanted, once enough of its line is there to tell. */
static void look_at_beginning(struct sse_parser *sse)
{
	struct span value;

	if (sse->begun || sse->is_idle == NULL || sse->line.len < SSE_BEGINNING)
		return;
	sse->begun = true;
	if (!data_value(buf_span(&sse->line), &value) || !sse->is_idle(value))
		return;
	sse->passing = true;
	sse->idle = true;
}

static enum sse_result append_to_line(struct sse_parser *sse, const char *p, size_t len)
{
	if (len > sse->max_event - sse->line.len)
		return SSE_TOO_LONG;
	buf_append(&sse->line, p, len);
	look_at_beginning(sse);
	return SSE_OK;
}

/* Puts the bytes up to stop behind the part of their line that came before. */
static enum sse_result extend_line(struct feed *feed, const char *stop)
{
	struct sse_parser *sse = feed->sse;
	size_t len = (size_t)(stop - feed->p), first = len;

	if (sse->passing)
		return SSE_OK;
	if (sse->is_idle != NULL && !sse->begun && len > SSE_BEGINNING)
		first = SSE_BEGINNING;
	if (append_to_line(sse, feed->p, first) != SSE_OK)
		return SSE_TOO_LONG;
	if (sse->passing || first == len)
		return SSE_OK;
	return append_to_line(sse, feed->p + first, len - first);
}

static enum sse_result finish_line(struct feed *feed, const char *stop)
{
	struct sse_parser *sse = feed->sse;
	struct span line = {feed->p, (size_t)(stop - feed->p)};

	if (sse->line.len != 0) {
		if (extend_line(feed, stop) != SSE_OK)
			return SSE_TOO_LONG;
		line = buf_span(&sse->line);
		/* The bytes stay where they are until sse_feed() keeps the next partial line. */
		buf_clear(&sse->line);
		sse->begun = sse->passing = false;
	}
	if (line.len > sse->max_event)
		return SSE_TOO_LONG;
	sse->after_cr = *stop == '\r';
	feed->p = stop + 1;
	return take_line(feed, line);
}

static void trim(struct buf *b)
{
	if (b->len == 0 && b->cap > KEEP_BYTES)
		buf_free(b);
}

enum sse_result sse_feed(struct sse_parser *sse, struct span bytes)
{
	struct feed feed = {.sse = sse, .p = bytes.p};
	enum sse_result result;
	const char *stop;

	if (bytes.len == 0)
		return SSE_OK;
	feed.end = bytes.p + bytes.len;
	feed.lf = find(feed.p, feed.end, '\n');
	skip_lf_of_crlf(&feed);
	while ((stop = line_end(&feed)) != NULL) {
		result = finish_line(&feed, stop);
		if (result != SSE_OK)
			return result;
		skip_lf_of_crlf(&feed);
	}
	copy_first(&feed); /* which may lie in sse->line: it must go before that is overwritten */
	result = extend_line(&feed, feed.end);
	trim(&sse->line);
	trim(&sse->data);
	return result;
}

enum sse_result sse_end(struct sse_parser *sse)
{
	struct feed feed = {.sse = sse};
	struct span line = buf_span(&sse->line);
	enum sse_result result = SSE_OK;

	if (line.len != 0) {
		buf_clear(&sse->line);
		sse->begun = sse->passing = false;
		result = take_line(&feed, line);
	}
	return result == SSE_OK ? dispatch(&feed) : result;
}
