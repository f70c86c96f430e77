/* One content block of the Messages API, and what it tells the builder. */
#ifndef RESPOOL_MESSAGES_BLOCK_H
#define RESPOOL_MESSAGES_BLOCK_H

#include "common/dialect/reader.h"

enum messages_block_kind {
	BLOCK_UNKNOWN, /* nothing that says its kind has come */
	BLOCK_TEXT,
	BLOCK_THINKING,
	BLOCK_CALL,
	BLOCK_FORMAT,  /* a call whose arguments are the text of the answer: TOOL_FORMAT */
	BLOCK_SEARCH,  /* a call of the provider's own web search */
	BLOCK_IGNORED, /* has no counterpart, or was told whole when it started */
};

/*
 * Text of an answer whose form is that of a tool: a server that only imitates the API may put words
 * before the call. They are not told beside the call, but in its place if it never comes.
 */
struct messages_words {
	bool wait;    /* there is such a tool */
	bool in_vain; /* it has been called */
	struct buf text;
};

struct messages_block {
	long long index; /* the provider's; for a call also its key for the builder */
	enum messages_block_kind kind;
	bool talking;      /* it is the open message or reasoning item, or a part of it */
	bool has_thinking; /* not a signature alone */
	/* The signature of thinking; the input of a search, or that a call was started with. */
	struct buf kept;
	bool kept_at_start;           /* if pieces of it come, they are the whole */
	struct buf citations;         /* with a "," before each */
	long long text_start;         /* where its text begins in the builder's part */
	struct buf held;              /* what it has to wait with: belongs to messages_blocks.c */
	struct messages_words *words; /* of the answer */
};

enum messages_delta_kind {
	DELTA_TEXT,
	DELTA_INPUT,
	DELTA_THINKING,
	DELTA_SIGNATURE,
	DELTA_CITATION,
	MESSAGES_DELTAS
};

struct messages_delta {
	enum messages_delta_kind kind;
	struct span value; /* of the kind's member; empty if it is not there */
};

void messages_block_free(struct messages_block *block);

/* Tells the words that had to wait. */
void messages_words_tell(struct messages_words *words, const struct reader_setting *setting);

/* It has started, with what the provider says of it; kind is BLOCK_UNKNOWN so far. */
void messages_block_start(
    struct messages_block *block, const struct reader_setting *setting, struct span content);

/* False for a delta that is of no known kind. */
bool messages_delta_read(struct messages_delta *out, struct span delta);
/* A delta has come for it. One that does not fit its kind is passed over. */
void messages_block_grow(struct messages_block *block, const struct reader_setting *setting,
    const struct messages_delta *delta);

/* It has stopped: tells what was kept until now. */
void messages_block_flush(struct messages_block *block, const struct reader_setting *setting);
/* Ends what the builder has been told of it. */
void messages_block_end(const struct messages_block *block, const struct reader_setting *setting);

#endif
