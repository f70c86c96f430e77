/*
 * How an output item stands in the document. The values that events let grow come last, and the
 * item's status has a slot of fixed width. So a delta changes only the few bytes at the item's end,
 * and an item that is repeated whole when it is done differs in its status alone.
 */
#ifndef RESPOOL_ITEM_LAYOUT_H
#define RESPOOL_ITEM_LAYOUT_H

#include <stdbool.h>

#include "common/base/buf.h"

/* What can grow in a part: an element of one of an item's lists. */
enum part_member {
	PART_ANNOTATIONS,
	PART_LOGPROBS,
	PART_REFUSAL,
	PART_STDERR,
	PART_STDOUT,
	PART_TEXT,
	PART_MEMBERS,
	PART_SELF = PART_MEMBERS, /* the part is a string, and grows itself */
	PART_NONE                 /* no part: what grows is the item's own */
};

/* What can grow in an item, and the objects in it that hold such values. The lists come last. */
enum item_member {
	ITEM_ACTION,
	ITEM_OPERATION,
	ITEM_DIFF,
	ITEM_ARGUMENTS,
	ITEM_CODE,
	ITEM_INPUT,
	ITEM_COMMANDS,
	ITEM_SUMMARY,
	ITEM_CONTENT,
	ITEM_OUTPUT,
	ITEM_MEMBERS,
	ITEM_FIRST_LIST = ITEM_COMMANDS
};

enum { ITEM_LISTS = ITEM_MEMBERS - ITEM_FIRST_LIST };

enum member_form { FORM_TEXT, FORM_LIST, FORM_OBJECT };

/* A value that can grow, or holds such ones. */
struct member_kind {
	const char *name;
	enum member_form form;
	enum item_member within; /* the object that it is a member of; ITEM_MEMBERS: the item */
};

extern const struct member_kind part_kinds[PART_MEMBERS];
extern const struct member_kind item_kinds[ITEM_MEMBERS];

/* The kind of that raw name in the item, or in the object within it; ITEM_MEMBERS if it is none. */
enum item_member item_kind_find(struct span name, enum item_member within);
enum part_member part_kind_find(struct span name);

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
	struct span id, type, call_id; /* raw values in what was laid out; empty if absent */
	struct place status;           /* its slot */
	struct place members[ITEM_MEMBERS];
	struct part_layout *parts; /* of all lists, each in its order */
	size_t part_count;
	size_t counts[ITEM_LISTS]; /* how many of them are in which list */
	bool parts_left_out;
};

/*
 * Lays out an item, a JSON object that has been checked. layout is zeroed before. An item that is
 * about to grow gets what a part of type output_text must have: annotations and logprobs.
 */
void item_layout_write(struct item_layout *layout, struct span item, bool growing);
void item_layout_free(struct item_layout *layout);

/*
 * Appends a part, any JSON value that has been checked, to text and says where its values are.
 * layout->list says where it belongs.
 */
void part_layout_write(
    struct part_layout *layout, struct buf *text, struct span part, bool growing);

#endif
