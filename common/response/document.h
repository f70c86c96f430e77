/*
 * A JSON document kept as its text, in which chosen values can grow where they stand, and which
 * knows how its text differs from the copy in the store.
 *
 * A value that may change is a node: the place of its text. A value that grows at the document's
 * end only pushes the few closing brackets behind it. One that grows in the middle would push all
 * that follows, every time; so when that happens it gets room to spare: blanks behind it, as many
 * as it is long. So the cost of a byte appended anywhere stays constant on average. The text is
 * never longer than two and a half times what it holds, and 5 KB.
 */
#ifndef RESPOOL_DOCUMENT_H
#define RESPOOL_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

/*
 * The place of a value: text[start, end), and slack blanks behind it. Nodes nest as their values
 * do. The memory is the caller's; a node is in the document from document_add() to
 * document_remove().
 */
struct node {
	struct node *prev, *next; /* in the order of start */
	struct node *parent;
	size_t start, end;
	size_t slack;
};

/* Bytes of the text that differ from the stored copy. */
struct patch {
	size_t offset, len;
};

enum { DOCUMENT_PATCHES = 8 };

struct document {
	struct buf text;
	size_t blanks; /* the sum of all nodes' slack */
	struct node *first, *last;
	struct node *recent; /* the one that was added last: the next one often follows it */
	struct patch patches[DOCUMENT_PATCHES]; /* apart from each other, in no order */
	int patch_count;
	size_t stored_len; /* of the copy in the store, once the patches have been applied so far */
	bool whole;        /* the stored copy is unknown: only the whole text can be written */
	/* What changes have cost so far: bytes moved, and nodes looked at. */
	unsigned long long moved;
};

/* Takes over text as a document without nodes that has yet to be written whole. */
void document_init(struct document *doc, struct buf *text);
/* Frees the text. Nodes are the caller's. */
void document_free(struct document *doc);

/* Enters a node for the value at text[start, end). parent is NULL for one at the top. */
void document_add(
    struct document *doc, struct node *node, struct node *parent, size_t start, size_t end);
/* Takes a node out. Its text stays; its slack becomes part of the text. */
void document_remove(struct document *doc, struct node *node);

/* The text of a node's value, valid until the next change. */
struct span document_value(const struct document *doc, const struct node *node);

/* Appends to a string value, already escaped. */
void document_append_text(struct document *doc, struct node *string, struct span escaped);
/* Appends a value to an array and returns the offset at which the value then begins. */
size_t document_append_element(struct document *doc, struct node *array, struct span value);
/* The same, in front of an element that is there. */
size_t document_insert_before(struct document *doc, struct node *before, struct span value);
/* Appends "name":value to an object. Returns the offset of the value. */
size_t document_append_member(
    struct document *doc, struct node *object, const char *name, struct span value);
/*
 * Puts another value in the place of this one. Nodes within it must have been removed. What a
 * shorter value leaves free becomes blanks; if there are too many, the text is closed up, which
 * moves all nodes and must be written whole.
 */
void document_replace(struct document *doc, struct node *node, struct span value);
/* Overwrites bytes with as many others. */
void document_overwrite(struct document *doc, size_t offset, struct span bytes);

bool document_is_dirty(const struct document *doc);
/* How many bytes have to be written so that the stored copy is the text. */
size_t document_dirty_bytes(const struct document *doc);
/* The stored copy is now exactly the text: forgets all differences. */
void document_mark_stored(struct document *doc);
/* What is stored is not known any more: the next write must be the whole text. */
void document_mark_unknown(struct document *doc);

#endif
