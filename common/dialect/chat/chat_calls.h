/*
 * The calls of tools in an answer of the Chat Completions API. Which call a piece belongs to says
 * its index, but servers leave that out, use one for all, send ids again, or a whole call twice.
 */
#ifndef RESPOOL_CHAT_CALLS_H
#define RESPOOL_CHAT_CALLS_H

#include <stdbool.h>

#include "common/response/builder.h"
#include "common/dialect/tool_names.h"

/* Pieces of no more calls than these come side by side. */
enum { CHAT_CALLS_KEPT = 128 };

struct chat_call;

struct chat_calls {
	struct builder *builder;
	const struct tool_names *tools;
	struct chat_call *kept[CHAT_CALLS_KEPT]; /* the last ones, each at its number's remainder */
	long long count;
	long long waiting; /* calls before this one have been told, or never will be */
	long long turn;    /* of reading: which calls have been seen in one list */
	struct buf extra;  /* of an answer that has no call yet */
	struct buf scratch;
};

/* Where calls stand. */
enum chat_calls_place {
	CALLS_IN_DELTA,
	CALLS_IN_LAST_DELTA, /* of a chunk that says how the answer has ended */
	CALLS_IN_MESSAGE,    /* whole, and in a stream maybe those that came before */
};

void chat_calls_open(
    struct chat_calls *calls, struct builder *builder, const struct tool_names *tools);
void chat_calls_close(struct chat_calls *calls);

/* Reads tool_calls: a list, or one of its elements. Values are checked JSON, of any type. */
void chat_calls_read(struct chat_calls *calls, struct span tool_calls, enum chat_calls_place place);
/* Reads function_call, which came before tool_calls and knows one call. */
void chat_calls_read_legacy(
    struct chat_calls *calls, struct span function_call, enum chat_calls_place place);
/* extra_content that stands beside the calls which were read last. */
void chat_calls_extra(struct chat_calls *calls, struct span extra_content);
/* Something else follows, or nothing: tells of the calls that waited for the rest of a name. */
void chat_calls_settle(struct chat_calls *calls);

#endif
