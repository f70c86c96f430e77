/*
 * The output of a Response object: its items, their parts, and what grows in them, all of them
 * nodes of one document. Every function changes the document to match.
 *
 * JSON that is given to these functions has been checked.
 */
#ifndef RESPOOL_OUTPUT_H
#define RESPOOL_OUTPUT_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "document.h"
#include "item_layout.h"
#include "response.h"

/* A string, array or object that can grow. */
struct grown {
	struct node node;
	bool present;  /* an item, a part or an event has brought it */
	unsigned half; /* a high surrogate that ended the last piece of text, or 0 */
};

struct part {
	struct grown self;
	struct grown members[PART_MEMBERS];
	bool announced; /* not only made for what was to grow in it */
};

struct part_list {
	struct part **parts;
	size_t count, cap;
};

/* What an item is, as far as it matters which events belong to it. */
enum item_nature {
	ITEM_OF_ANY_TYPE, /* its type is not said */
	ITEM_IS_MESSAGE,
	ITEM_IS_REASONING,
	ITEM_IS_OTHER, /* a tool's */
};

struct item {
	struct node node;
	char *id; /* canonically spelled; NULL for an item without one, or an empty one */
	size_t id_len;
	struct buf call_id; /* the one that clients have seen, a JSON string; empty if none is */
	long long index;
	enum item_nature nature;
	bool announced;      /* not only made for what was to grow in it */
	bool done;           /* its final state has come */
	unsigned told;       /* the last terminal event that named it, by number; 0: none has */
	struct place status; /* the slot, from the item's beginning on; end is 0 if there is none */
	struct grown members[ITEM_MEMBERS];
	struct part_list lists[ITEM_LISTS];
	size_t telling; /* who listens to the fold: what it knows of the item, from 1; 0: nothing */
	bool put;       /* it has come as a whole since the listener has looked at it */
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
	unsigned long long steps; /* of searches, so far: what they cost */
};

/* Begins with the empty array at text[start, start + 2). */
void output_open(struct output *output, struct document *doc, size_t start);
/* Forgets everything without touching the document, which may be gone. */
void output_close(struct output *output);

/* The item whose id this JSON value is; NULL if there is none. */
struct item *output_find(struct output *output, struct span id);
/* The last item of that index; NULL if there is none. */
struct item *output_at(struct output *output, long long index);
/* The place among the items of one of them. */
size_t output_place(struct output *output, const struct item *item);

/* How many items stand before those of this index. */
size_t output_place_of(const struct output *output, long long index);

/* The index for an item that comes behind all others. */
long long output_next_index(const struct output *output);

/* What an item of a type, a JSON value, is. */
enum item_nature item_nature(struct span type);

/*
 * Puts in an item that is new, where its index says, behind others of the same. NULL if there are
 * OUTPUT_ITEMS_MAX already.
 */
struct item *output_add(struct output *output, const struct item_layout *layout, long long index);
/*
 * The same for one that stands at that place of the items, whatever its index: it gets the nearest
 * to it that leaves the items in order.
 */
struct item *output_add_at(
    struct output *output, const struct item_layout *layout, size_t place, long long index);
/* Puts another in the place of an item, which keeps its index. */
void output_replace(struct output *output, struct item *item, const struct item_layout *layout);

/* The parts that an item has in one of its lists. */
struct part_list *item_parts(struct item *item, enum item_member list);

/*
 * Puts a part, laid out as text, in the place of another of its list, or behind the last if index
 * is their count. Returns NULL if the item has something else than an array there, or too many
 * parts.
 */
struct part *output_put_part(struct output *output, struct item *item, size_t index,
    const struct part_layout *layout, struct span text);

/*
 * What grows in an item or a part. It is made if it is absent, and emptied if it is null. Returns
 * NULL if it is of another type than the kind's, or what holds it is no object.
 */
struct grown *output_item_grown(struct output *output, struct item *item, enum item_member member);
struct grown *output_part_grown(struct output *output, struct part *part, enum part_member member);

/* Whether output_part_grown() would find it. */
bool output_part_can_grow(
    const struct output *output, const struct part *part, enum part_member member);

/* Appends the content of a JSON string, which may begin or end within a surrogate pair. */
void output_append_text(struct output *output, struct grown *string, struct span text);
/* Appends any JSON value to an array without parts. */
void output_append_element(struct output *output, struct grown *array, struct span value);
/* Puts a JSON value of the same type in the place of one without parts. */
void output_set_value(struct output *output, struct grown *grown, struct span value);

/* The offset in the document of the status slot of an item in progress; 0 for any other item. */
size_t output_open_slot(const struct output *output, const struct item *item);

/*
 * No more text comes: a surrogate without its other half becomes U+FFFD. Items that are still in
 * progress when the response is no success become incomplete, but for those that its terminal event
 * names so.
 */
void output_end(struct output *output, enum response_status status);

#endif
