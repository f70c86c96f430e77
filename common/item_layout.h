/*
 * How an output item stands in the document. The values that events let grow come last, and the
 * item's status has a slot of fixed width. So a delta changes only the few bytes at the item's end,
 * and an item that is repeated whole when it is done differs in its status alone.
 */
#ifndef RESPOOL_ITEM_LAYOUT_H
#define RESPOOL_ITEM_LAYOUT_H

#include <stdbool.h>

#include "buf.h"

/* What can grow in a part: an element of an item's content or summary. */
enum part_member { PART_ANNOTATIONS, PART_REFUSAL, PART_TEXT, PART_MEMBERS };

/* What can grow in an item. */
enum item_member {
	ITEM_ARGUMENTS,
	ITEM_CODE,
	ITEM_INPUT,
	ITEM_SUMMARY,
	ITEM_CONTENT,
	ITEM_MEMBERS
};

/* The name of a value that can grow, and whether it is a list or a text. */
struct member_kind {
	const char *name;
	bool is_list;
};

extern const struct member_kind part_kinds[PART_MEMBERS];
extern const struct member_kind item_kinds[ITEM_MEMBERS];

/* Where a value is in the text of its item, or of its part if that stands alone. */
struct place {
	size_t start, end; /* end is 0 if the value is absent */
};

struct part_layout {
	enum item_member list; /* which of the item's lists it is in */
	struct place place;
	struct place members[PART_MEMBERS];
};

/* More parts of an item than this are written, but not kept track of. */
enum { ITEM_PARTS_MAX = 10000 };

struct item_layout {
	struct buf text;
	struct place members[ITEM_MEMBERS];
	struct part_layout *parts; /* of both lists, each in its order */
	size_t part_count;
	bool parts_left_out;
};

/* Lays out an item, a JSON object that has been checked. layout is zeroed before. */
void item_layout_write(struct item_layout *layout, struct span item);
void item_layout_free(struct item_layout *layout);

/* Appends a part, any JSON value that has been checked, to text and says where its values are. */
void part_layout_write(struct part_layout *layout, struct buf *text, struct span part);

#endif
