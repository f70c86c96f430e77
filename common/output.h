/*
 * The output of a Response object: its items, their parts, and what grows in them, all of them
 * nodes of one document. Every function changes the document to match.
 *
 * JSON that is given to these functions has been checked.
 */
#ifndef RESPOOL_OUTPUT_H
#define RESPOOL_OUTPUT_H

#include <stdbool.h>

#include "buf.h"
#include "document.h"
#include "item_layout.h"

/* A string or array that can grow. */
struct grown {
	struct node node;
	bool present;  /* an item, a part or an event has brought it */
	unsigned half; /* a high surrogate that ended the last piece of text, or 0 */
};

struct part {
	struct node node;
	struct grown members[PART_MEMBERS];
};

struct part_list {
	struct part **parts;
	size_t count, cap;
};

struct item {
	struct node node;
	char *id; /* canonically spelled; NULL for an item without one */
	long long index;
	struct grown members[ITEM_MEMBERS];
	struct part_list summary, content;
	bool parts_left_out; /* there are more parts than the lists hold: no more can be added */
};

/* What is kept track of: without bounds, a hostile provider could exhaust time and memory. */
enum {
	OUTPUT_ITEMS_MAX = 10000,
	OUTPUT_PARTS_MAX = 100000, /* of all items */
};

/* Keeps a pointer to the document, and the document pointers to its nodes: it cannot be moved. */
struct output {
	struct document *doc;
	struct node array;
	struct item **items; /* by index */
	size_t count, cap;
	size_t part_count; /* of all items */
	size_t last_found; /* most often the next one to be looked for */
	struct buf scratch;
};

/* Begins with the empty array at text[start, start + 2). */
void output_open(struct output *output, struct document *doc, size_t start);
/* Forgets everything without touching the document, which may be gone. */
void output_close(struct output *output);

/* The item whose id this JSON value is; NULL if there is none. */
struct item *output_find(struct output *output, struct span id);

/* The index for an item that comes behind all others. */
long long output_next_index(const struct output *output);

/*
 * Puts an item, a JSON object, in the place of the one with its id, or else where index says.
 * Returns false if it is new and there are OUTPUT_ITEMS_MAX already.
 */
bool output_put_item(struct output *output, struct span item, long long index);

/* The parts that an item has in its content or summary. */
struct part_list *item_parts(struct item *item, enum item_member list);

/*
 * Puts a part, any JSON value, in the place of another of the list, or behind the last if index is
 * their count. Returns false if the item has something else than an array there, or too many parts.
 */
bool output_put_part(struct output *output, struct item *item, enum item_member list, size_t index,
    struct span part);

/*
 * What grows in an item or a part. It is made if it is absent, and emptied if it is null. Returns
 * NULL if it is of another type than the kind's, or if the part is no object.
 */
struct grown *output_item_grown(struct output *output, struct item *item, enum item_member member);
struct grown *output_part_grown(struct output *output, struct part *part, enum part_member member);

/* Appends the content of a JSON string, which may begin or end within a surrogate pair. */
void output_append_text(struct output *output, struct grown *string, struct span text);
/* Appends any JSON value to an array. */
void output_append_element(struct output *output, struct grown *array, struct span value);
/* Puts a JSON string in the place of another. */
void output_set_text(struct output *output, struct grown *string, struct span text);

/* No more text comes: a surrogate without its other half becomes U+FFFD. */
void output_end(struct output *output);

#endif
