#include "sealed_lines.h"

#include <string.h>

#include "common/base/json.h"
#include "common/response/encrypted_content.h"

enum {
	MAX_LINE = 16 << 20, /* bytes of one that is looked at */
	BEGINNING = 64,      /* by so many it can be told from most others */
	KEPT_ROOM = 4096,    /* bytes of a buffer that stay for the next line */
};

static const char wanted[] = "response.output_item.done";

static bool skip(struct span *text, const char *prefix, size_t len)
{
	if (text->len < len || memcmp(text->p, prefix, len) != 0)
		return false;
	text->p += len;
	text->len -= len;
	return true;
}

/* Takes what stands before the data off the front. */
static bool skip_name(struct span *line)
{
	if (!skip(line, "data:", 5))
		return false;
	skip(line, " ", 1);
	return true;
}

/*
 * Whether it is no line of interest, by its first BEGINNING bytes or its whole. Nearly all data
 * begins with its type, and with another one.
 */
static bool is_other(struct span line)
{
	static const char type[] = "{\"type\":";

	if (!skip_name(&line))
		return true;
	if (!skip(&line, type, sizeof(type) - 1))
		return false;
	skip(&line, " ", 1);
	return skip(&line, "\"", 1) && !skip(&line, wanted, sizeof(wanted) - 1);
}

static void take_line(struct sealed_lines *lines, struct span line)
{
	struct span content;

	if (is_other(line) || !encrypted_content_may_be_in(line) || !skip_name(&line) ||
	    !json_check(line, JSON_ACCEPT_BAD_UTF8, NULL, NULL) ||
	    !json_string_is(json_get(line, "type"), wanted))
		return;
	content = encrypted_content_of(json_get(line, "item"));
	if (content.len != 0)
		lines->found(lines->ctx, content);
}

void sealed_lines_open(struct sealed_lines *lines, sealed_line_fn *found, void *ctx)
{
	*lines = (struct sealed_lines){.found = found, .ctx = ctx};
}

static void empty(struct buf *line)
{
	if (line->cap > KEPT_ROOM)
		buf_free(line);
	else
		buf_clear(line);
}

static void keep(struct sealed_lines *lines, struct span piece)
{
	buf_append_span(&lines->line, piece);
	lines->passing = lines->line.len > MAX_LINE ||
			 (lines->line.len >= BEGINNING && is_other(buf_span(&lines->line)));
	if (lines->passing)
		empty(&lines->line);
}

void sealed_lines_note(void *ctx, struct span piece, bool ends)
{
	struct sealed_lines *lines = ctx;

	if (ends && lines->line.len == 0 && !lines->passing) {
		take_line(lines, piece);
		return;
	}
	if (!lines->passing)
		keep(lines, piece);
	if (!ends)
		return;
	if (!lines->passing)
		take_line(lines, buf_span(&lines->line));
	lines->passing = false;
	empty(&lines->line);
}

void sealed_lines_close(struct sealed_lines *lines)
{
	buf_free(&lines->line);
}
