/*
 * Reasoning that stands in <think> at the beginning of a text, as servers without a reasoning
 * parser send it. A tag may come in pieces, and spelled with escapes.
 */
#ifndef RESPOOL_THINK_TAGS_H
#define RESPOOL_THINK_TAGS_H

#include <stdbool.h>

#include "common/base/buf.h"

enum think_state {
	THINK_BEFORE, /* nothing but blanks has come, and maybe a part of the tag */
	THINK_BEGUN,  /* behind the tag: blanks are left out */
	THINK_INSIDE,
	THINK_ENDED, /* behind the second tag: blanks are left out */
	THINK_TEXT,
};

/* A zeroed one is at the beginning of a text. */
struct think_tags {
	enum think_state state;
	size_t matched;  /* characters of the tag that is looked for */
	struct buf held; /* as they were written, and in THINK_BEFORE the blanks before them */
	struct buf piece;
};

/* A piece of the text or of the reasoning, a JSON string; valid during the call only. */
typedef void think_fn(void *ctx, bool is_reasoning, struct span piece);

void think_tags_free(struct think_tags *tags);

/* Reads more of the text, a checked JSON string. */
void think_tags_feed(struct think_tags *tags, struct span text, think_fn *tell, void *ctx);
/* Something else than text comes, or the end: tells what was held. */
void think_tags_flush(struct think_tags *tags, think_fn *tell, void *ctx);
/* Whether anything but blanks is held. */
bool think_tags_hold(const struct think_tags *tags);

#endif
