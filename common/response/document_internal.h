/*
 * What the parts of a document share: document.c has the nodes and changes their values,
 * document_room.c moves the text to make room for that, document_patches.c keeps in mind what of it
 * differs from the stored copy.
 */
#ifndef RESPOOL_DOCUMENT_INTERNAL_H
#define RESPOOL_DOCUMENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "document.h"

/* Looking at a node costs about as much as moving so many bytes. */
enum { DOCUMENT_NODE_COST = 16 };

static inline size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Notes that text[offset, offset + len) has changed. */
void document_mark_dirty(struct document *doc, size_t offset, size_t len);

/*
 * Moves text[from, to) by n bytes, and with it what begins there, except for node; the values
 * around node, up to outermost (NULL: all of them), end later. The text has room for that.
 */
void document_move_text(struct document *doc, struct node *node, const struct node *outermost,
    size_t from, size_t to, size_t n);

/* Sees to it that at least n blanks follow the value; more if it is likely to grow again. */
void document_make_room(struct document *doc, struct node *node, size_t n, bool growing);
/* Turns n of the blanks behind a value into part of it. */
void document_use_room(struct document *doc, struct node *node, size_t n);
/*
 * Long values that others replaced by short ones leave many blanks. Moving all the text then costs
 * no more than making it did: takes them out if they are too many, which moves all nodes.
 */
void document_limit_blanks(struct document *doc);

#endif
