#include "think_tags.h"

#include "common/base/json.h"

static const char opening[] = "<think>", closing[] = "</think>";

void think_tags_free(struct think_tags *tags)
{
	buf_free(&tags->held);
	buf_free(&tags->piece);
}

/* Tells what was held, and behind it the raw text. */
static void tell_piece(struct think_tags *tags, struct span raw, think_fn *tell, void *ctx)
{
	struct buf *piece = &tags->piece;
	bool is_reasoning = tags->state == THINK_BEGUN || tags->state == THINK_INSIDE;

	if (tags->held.len + raw.len == 0)
		return;
	buf_clear(piece);
	buf_putc(piece, '"');
	buf_append_span(piece, buf_span(&tags->held));
	buf_append_span(piece, raw);
	buf_putc(piece, '"');
	buf_clear(&tags->held);
	tell(ctx, is_reasoning, buf_span(piece));
}

static struct span until(struct span from, struct span rest)
{
	return (struct span){from.p, from.len - rest.len};
}

static void hold(struct think_tags *tags, struct span raw)
{
	buf_append_span(&tags->held, raw);
}

static void enter(struct think_tags *tags, enum think_state state)
{
	tags->state = state;
	tags->matched = 0;
	buf_clear(&tags->held);
}

/* Looks for the first tag. Returns what is left of raw. */
static struct span read_before(struct think_tags *tags, struct span raw)
{
	struct span rest = raw;

	while (rest.len > 0) {
		unsigned c = json_take_char(&rest);

		if (tags->matched == 0 && json_is_blank(c))
			continue;
		if (c != (unsigned char)opening[tags->matched]) {
			tags->state = THINK_TEXT;
			tags->matched = 0;
			return raw;
		}
		if (++tags->matched == sizeof(opening) - 1) {
			enter(tags, THINK_BEGUN);
			return rest;
		}
	}
	hold(tags, raw);
	return rest;
}

static struct span skip_blanks(struct think_tags *tags, struct span raw, enum think_state next)
{
	struct span rest = raw;

	while (rest.len > 0) {
		raw = rest;
		if (!json_is_blank(json_take_char(&rest))) {
			enter(tags, next);
			return raw;
		}
	}
	return rest;
}

/* Looks for the second tag, and tells what stands before it. Returns what is left of raw. */
static struct span read_inside(struct think_tags *tags, struct span raw, think_fn *tell, void *ctx)
{
	struct span rest = raw;
	struct span tag = raw; /* what of it is in raw; its beginning may be held */
	bool is_text = false;  /* what stands before the tag, and what was held with it */

	while (rest.len > 0 && tags->matched < sizeof(closing) - 1) {
		struct span here = rest;
		unsigned c = json_take_char(&rest);

		if (c != (unsigned char)closing[tags->matched]) {
			tags->matched = 0;
			tag = rest;
			is_text = true;
		}
		if (tags->matched == 0 && c == (unsigned char)closing[0])
			tag = here;
		if (c == (unsigned char)closing[tags->matched])
			tags->matched++;
	}
	if (is_text)
		tell_piece(tags, until(raw, tag), tell, ctx);
	if (tags->matched == sizeof(closing) - 1)
		enter(tags, THINK_ENDED);
	else
		hold(tags, tag);
	return rest;
}

void think_tags_feed(struct think_tags *tags, struct span text, think_fn *tell, void *ctx)
{
	struct span raw = json_inside(text);

	while (raw.len > 0 && tags->state != THINK_TEXT) {
		switch (tags->state) {
		case THINK_BEFORE:
			raw = read_before(tags, raw);
			break;
		case THINK_BEGUN:
			raw = skip_blanks(tags, raw, THINK_INSIDE);
			break;
		case THINK_INSIDE:
			raw = read_inside(tags, raw, tell, ctx);
			break;
		case THINK_ENDED:
			raw = skip_blanks(tags, raw, THINK_TEXT);
			break;
		case THINK_TEXT:
			break;
		}
	}
	if (tags->held.len == 0 && raw.len == text.len - 2 && raw.len > 0)
		tell(ctx, false, text);
	else if (raw.len > 0)
		tell_piece(tags, raw, tell, ctx);
}

void think_tags_flush(struct think_tags *tags, think_fn *tell, void *ctx)
{
	if (tags->held.len == 0)
		return;
	if (tags->state == THINK_BEFORE)
		tags->state = THINK_TEXT;
	tell_piece(tags, (struct span){0}, tell, ctx);
	tags->matched = 0;
}

bool think_tags_hold(const struct think_tags *tags)
{
	return tags->matched > 0;
}
