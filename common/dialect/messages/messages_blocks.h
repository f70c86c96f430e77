/*
 * The content blocks of an answer of the Messages API, told to the builder. Items are built one
 * after the other, but for calls: while text or thinking is being told, what comes of another block
 * is held back until that one stops; or until so much has come that the server is one that says of
 * no block that it has stopped before the whole answer has.
 */
#ifndef RESPOOL_MESSAGES_BLOCKS_H
#define RESPOOL_MESSAGES_BLOCKS_H

#include "common/dialect/reader.h"
#include "messages_block.h"

struct messages_blocks {
	const struct reader_setting *setting;
	struct messages_block **list; /* those that are open, in the order in which they came */
	size_t count, cap;
	size_t held_count; /* how many hold something back */
	unsigned silence;  /* what has been held back since talking has said something */
	struct messages_block *recent; /* the one that was looked up last, or NULL */
	struct messages_block
	    *talking; /* text or thinking that the builder is being told, or NULL */
	struct messages_block *stopped; /* whose end the builder has not been told, or NULL */
	struct messages_words words;
	bool knows_tools;
	long long last_index;
	bool releasing;
};

void messages_blocks_open(struct messages_blocks *blocks, const struct reader_setting *setting);
void messages_blocks_close(struct messages_blocks *blocks);

/*
 * index is a block's as the provider counts, any JSON value or nothing; content is the block as it
 * begins: whole in an answer that is no stream. All values have been checked.
 */
void messages_block_started(struct messages_blocks *blocks, struct span index, struct span content);
void messages_block_grew(struct messages_blocks *blocks, struct span index, struct span delta);
void messages_block_stopped(struct messages_blocks *blocks, struct span index);

/*
 * No more will come: all that are open stop, in their order. If the answer was cut_off, the end of
 * the last of them is left to builder_end(), which knows that it is incomplete.
 */
void messages_blocks_end(struct messages_blocks *blocks, bool cut_off);

#endif
