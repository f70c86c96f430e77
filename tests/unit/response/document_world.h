/*
 * A document of the kind that folding makes, {"head":"…","items":[item, …],"tail":null}, where an
 * item is {"n":1,"parts":["…", …],"text":"…"} and text may be absent; and beside it a model: the
 * same values as plain strings, from which the text is written anew for each comparison.
 */
#ifndef RESPOOL_DOCUMENT_WORLD_H
#define RESPOOL_DOCUMENT_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/response/document.h"
#include "stored_copy.h"

enum { MAX_ITEMS = 12, MAX_PARTS = 6 };

struct text {
	struct buf value; /* what the model expects between the quotes */
	struct node node;
	bool present;
};

struct item {
	struct node node, list;
	struct text parts[MAX_PARTS];
	size_t part_count;
	struct text text;
};

struct world {
	struct document doc;
	struct stored_copy copy;
	struct text head;
	struct node items_node, tail_node;
	struct item *items[MAX_ITEMS];
	size_t item_count;
	uint64_t random;
};

/* An empty one, whose chances come from seed. Close it with close_world(). */
void open_world(struct world *w, uint64_t seed);
void close_world(struct world *w);
/* Each of these changes the document and the model alike. */
void add_item(struct world *w);
void add_text(struct world *w, struct item *item);
void append(struct world *w, struct text *text, struct span more);
/* One of all kinds of changes, by chance. */
void random_step(struct world *w);
/* By chance one of 0 to sides - 1; the same sequence on every machine. */
unsigned roll(struct world *w, unsigned sides);
/* What the model expects a text to be in JSON, with its quotes. */
void write_string(struct buf *out, const struct text *text);
/* That the document's text and nodes are the model's, and the stored copy after a flush, too. */
void assert_world(struct world *w);
/* That the document keeps no more room than it may. */
void assert_blanks_are_few(const struct document *doc);

#endif
