/* What messages_block_start.c and messages_block.c have in common. */
#ifndef RESPOOL_MESSAGES_BLOCK_INTERNAL_H
#define RESPOOL_MESSAGES_BLOCK_INTERNAL_H

#include "messages_block.h"
#include "common/dialect/sealed.h"

/* The block is the one that the builder is being told. */
void messages_block_talk(struct messages_block *block, const struct reader_setting *setting);

/* A value that is no string, or "", is passed over by each of these. */
void messages_block_text(
    struct messages_block *block, const struct reader_setting *setting, struct span text);
void messages_block_thinking(
    struct messages_block *block, const struct reader_setting *setting, struct span thinking);
/* Adds a piece to block->kept, decoded. */
void messages_block_keep(struct messages_block *block, struct span piece);

/* Keeps a citation until the block stops, if it is an object. */
void messages_block_keep_citation(struct messages_block *block, struct span citation);
/* The encrypted_content of a reasoning item. */
void messages_block_encrypted(
    const struct reader_setting *setting, enum sealed_kind kind, struct span data);

#endif
