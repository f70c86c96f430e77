#include "sealed_lines.h"

#include <string.h>

#include "common/base/json.h"
#include "common/response/encrypted_content.h"

enum {
	MAX_LINE = 16 << 20, /* bytes of one that is looked at */
	BEGINNING = 64,      /* by so many it can be told from most others */
	KEPT_ROOM = 4096,    /* bytes of a buffer that stay for the next line */
};

static const char item_done[] = "response.output_item.done";
/* Of the last events, those whose responses have output that can be sent back. */
static const char completed[] = "response.completed";
static const char incomplete[] = "response.incomplete";

/* Takes what stands before the data off the front. */
static bool skip_name(struct span *line)
{
	if (!span_skip(line, "data:"))
		return false;
	span_skip(line, " ");
	return true;
}

/* What is at the end is as long as all before it: of no interest where no item has a content. */
static bool is_wanted(const struct sealed_lines *lines, struct span type)
{
	return span_skip(&type, item_done) ||
	       (!lines->is_plain && (span_skip(&type, completed) || span_skip(&type, incomplete)));
}

/*
 * Whether it is no line of interest, by its first BEGINNING bytes or its whole. Nearly all data
 * begins with its type, and with another one.
 */
static bool is_other(const struct sealed_lines *lines, struct span line)
{
	static const char type[] = "{\"type\":";

	if (!skip_name(&line))
		return true;
	if (!span_skip(&line, type))
		return false;
	span_skip(&line, " ");
	return span_skip(&line, "\"") && !is_wanted(lines, line);
}

/* One that has come in an event of its own comes again with the response. */
static void take_event(struct sealed_lines *lines, struct span event)
{
	struct span type = json_get(event, "type"), content;

	if (json_string_is(type, item_done)) {
		content = encrypted_content_of(json_get(event, "item"));
		if (content.len != 0)
			lines->found(lines->ctx, content);
	} else if (json_string_is(type, completed) || json_string_is(type, incomplete)) {
		encrypted_content_each(
		    json_get(json_get(event, "response"), "output"), lines->found, lines->ctx);
	}
}

static void take_line(struct sealed_lines *lines, struct span line)
{
	if (is_other(lines, line))
		return;
	if (!encrypted_content_may_be_in(line)) {
		lines->is_plain = !lines->has_content;
		return;
	}
	lines->has_content = true;
	lines->is_plain = false;
	if (skip_name(&line) && json_check(line, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		take_event(lines, line);
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
			 (lines->line.len >= BEGINNING && is_other(lines, buf_span(&lines->line)));
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
