/*
 * The builder, taken apart: builder.c begins and ends an answer, builder_items.c opens and ends
 * items and their parts, builder_text.c has messages and reasoning grow, builder_calls.c calls.
 */
#ifndef RESPOOL_BUILDER_INTERNAL_H
#define RESPOOL_BUILDER_INTERNAL_H

#include "builder.h"
#include "event.h"

enum builder_kind { BUILDER_MESSAGE, BUILDER_REASONING, BUILDER_CALL };

/* What an open part is. */
enum builder_part { NO_PART, TEXT_PART, REFUSAL_PART, SUMMARY_PART };

enum { BUILDER_NUMBER_SIZE = 24 };

/* An item that is open. */
struct builder_item {
	enum builder_kind kind;
	struct buf id; /* a JSON string */
	char index[BUILDER_NUMBER_SIZE];
	unsigned half; /* a high surrogate that ended the last piece: json_text() */

	/* Of messages and reasoning: */
	enum builder_part part; /* the open one */
	long long part_count;
	char part_index[BUILDER_NUMBER_SIZE]; /* the open one's */
	size_t counted_bytes;                 /* of the open part's text, ... */
	long long counted;                    /* ... and how many characters that is */
	long long annotation_count;           /* of the open part */
	struct buf encrypted;                 /* a JSON string, or empty */

	/* Of calls: */
	long long key;
	bool custom;
	bool has_arguments;
	struct buf name;      /* a JSON string */
	struct buf extra;     /* of builder_call, without its braces; or empty */
	struct buf arguments; /* where custom: what has come so far */
};

/* builder_items.c */
/* An event of an item that is open: of this type, with the item's id and index. */
struct response_event builder_event_of(const struct builder_item *item, const char *type);
/* An event goes to who wants it, and into the fold. */
void builder_apply(struct builder *builder, const struct response_event *event);
/* Whether the answer may have another item. */
bool builder_has_room(const struct builder *builder);
/* Begins an item: members is what follows id, as in ,"type":"message". NULL if there are too many.
 */
struct builder_item *builder_open_item(
    struct builder *builder, enum builder_kind kind, const char *id_prefix, struct span members);
/* Ends it in the state that it has, with that status. It is freed. */
void builder_end_item(
    struct builder *builder, struct builder_item *item, enum response_status status);
/* Ends all that are open, in the order of their indexes. */
void builder_end_items(struct builder *builder, enum response_status status);
/* Frees those that are open without a word. */
void builder_forget_items(struct builder *builder);
/* The item as the fold has it; NULL if it has none. */
struct item *builder_folded(const struct builder *builder, const struct builder_item *item);
/* Appends a new id, a JSON string. */
void builder_make_id(
    struct buf *out, const struct builder *builder, const char *prefix, long long number);
/* Whether the value may be put into the object, as deep as it is nested itself. */
bool builder_is_shallow(struct span value);

/* builder_text.c */
/* Ends the open part, if there is one. */
void builder_close_part(struct builder *builder, struct builder_item *item);
/*
 * A JSON string for the next delta of the item: in canonical spelling, with half a character kept
 * for the next one. Empty if nothing is left. Valid until the next call.
 */
struct span builder_piece(struct builder *builder, struct builder_item *item, struct span text);
/* The last piece: what is left of half a character. Empty if there is none. */
struct span builder_last_piece(struct builder *builder, struct builder_item *item);
/* A message with an empty text. */
void builder_empty_message(struct builder *builder);
/* Ends the open message or reasoning item, if there is one. */
void builder_end_text(struct builder *builder);

/* builder_calls.c: what a call still lacks, and its *.done events. */
void builder_finish_call(struct builder *builder, struct builder_item *item);

#endif
