/*
 * The narrator, taken apart: narrator.c listens to the fold, narrator_items.c begins and ends
 * items, narrator_parts.c parts and what grows, narrator_passed.c passes events of tools on, and
 * narrator_recall.c takes up what was told before.
 */
#ifndef RESPOOL_NARRATOR_INTERNAL_H
#define RESPOOL_NARRATOR_INTERNAL_H

#include "common/base/decimal.h"
#include "event.h"
#include "narrator.h"
#include "shown_ids.h"

/* The types of item in which something grows. */
enum narrated_kind {
	NARRATED_MESSAGE,
	NARRATED_REASONING,
	NARRATED_FUNCTION_CALL,
	NARRATED_CUSTOM_CALL,
	NARRATED_MCP_CALL,
	NARRATED_CODE_CALL,
	NARRATED_OTHER,
};

/* What grows, and by which events that is told. */
struct growth {
	enum narrated_kind kind;
	enum item_member member; /* of the item; for a part, the list that it is in */
	enum part_member part;   /* PART_NONE: what grows is the item's own */
	const char *part_type;
	enum event_member value; /* where the event that ends it has it */
	const char *delta, *done;
};

/* How much of a value was told: of what stands between its quotes or brackets. */
struct told_value {
	size_t bytes;
	unsigned long long hash; /* of these */
	bool is_other;           /* it does not begin any more with what was told */
};

struct told_part {
	const struct growth *growth; /* NULL: it is told as it is */
	const struct event_type *delta;
	struct told_value value, logprobs, annotations;
	long long annotation_count;
	bool value_done, done;
};

struct told_list {
	struct told_part *parts;
	size_t count, cap;
	bool is_closed; /* it holds something that is no part: nothing more of it is told */
};

/* What the narrator knows of an item of the fold. */
struct told_item {
	enum narrated_kind kind;
	long long index;             /* the output index that it is told under */
	struct buf type, id;         /* JSON strings */
	struct buf call_id;          /* a JSON value, of a call a string; empty if there is none */
	const struct growth *growth; /* of its own; NULL if there is none */
	const struct event_type *delta;
	struct told_value value;
	struct told_list content, summary;
	bool begun;
	bool is_other; /* it has become one of another type */
	bool value_done, done;
};

struct narrator {
	struct event_log *log;
	struct fold *fold; /* NULL: none is followed */
	bool begun;        /* response.in_progress has been told */
	bool is_silent;    /* events are not written: it recalls them */
	long long next_index;
	struct told_item **items; /* of the fold: item->telling is the place, from 1 */
	size_t count, cap;
	struct shown_ids shown;
	struct buf piece, extra, whole; /* for one event */
};

/* narrator.c */
/* Writes an event behind those of the log. */
void narrator_write(struct narrator *narrator, const struct response_event *event);
/* What is known of the item; made if it was never looked at. */
struct told_item *narrator_known(struct narrator *narrator, struct item *item);
/* Forgets all items. */
void narrator_forget(struct narrator *narrator);
/* The fold's changes are told. */
void narrator_listen(struct narrator *narrator, struct fold *fold);

/* narrator_items.c */
/* The beginning of an event about an item; number holds its output index. */
struct response_event narrator_event_of(
    const struct told_item *told, const struct event_type *type, char number[DECIMAL_SIZE]);
/* Whether the parts of one of its lists are told. */
bool told_item_has_parts(const struct told_item *told, enum item_member list);
/*
 * Tells all of an item that has not been told. It is ended if it is done or this is_last; one that
 * lacks what it must have at its beginning waits until then.
 */
void narrator_tell_item(struct narrator *narrator, struct item *item, bool is_last);
/* Tells what has grown in the item itself, and if is_done that it does not grow any more. */
void narrator_tell_own(struct narrator *narrator, const struct item *item, struct told_item *told,
    bool has_grown, bool is_done);
/* Ends an item in the state that it has. status takes the place of its own unless it is NULL. */
void narrator_end_item(struct narrator *narrator, struct item *item, const char *status);

/* narrator_parts.c */
/* What grows in an item, or in a part of a type, a JSON value; NULL if nothing does. */
const struct growth *growth_of(
    enum narrated_kind kind, enum item_member member, struct span part_type);
/*
 * What of a value, which is a string's or array's inside, has come since it was last asked.
 * has_grown says that nothing else can have happened to it.
 */
struct span told_value_more(struct told_value *told, struct span inside, bool has_grown);
/* Tells a piece of a text. logprobs is the inside of an array; only output_text has any. */
void narrator_write_delta(struct narrator *narrator, struct response_event *event,
    struct span piece, struct span logprobs, bool has_logprobs);

struct told_list *told_list_of(struct told_item *told, enum item_member list);
/*
 * Tells what is new of the parts from one on up to another. has_grown says that nothing else has
 * happened to them.
 */
void narrator_tell_parts(struct narrator *narrator, struct item *item, enum item_member list,
    size_t from, size_t to, bool has_grown);
/*
 * The item was put in anew, with so many parts in the list: what comes in the place of others does
 * not go on with what was told of these.
 */
void narrator_drop_parts(struct told_item *told, enum item_member list, size_t count);
/* Ends what grows in a part, and the part if is_whole. */
void narrator_end_part(
    struct narrator *narrator, struct item *item, enum item_member list, size_t at, bool is_whole);

/* narrator_passed.c: an event of a tool that changes nothing. */
void narrator_pass_on(struct narrator *narrator, const struct response_event *event);

#endif
