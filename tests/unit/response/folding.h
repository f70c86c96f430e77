/* What tests of the fold share: a response that is folded, events, and what becomes of it. */
#ifndef RESPOOL_FOLDING_H
#define RESPOOL_FOLDING_H

#include "common/response/fold.h"

#define BAD "\xef\xbf\xbd" /* what stands for a byte that is no UTF-8 */

#define FOLDED_ID "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd"

enum { CREATED_AT = 1700000000, NOW = 1700000042 };

#define ADDED(item) "{\"type\":\"response.output_item.added\",\"item\":" item "}"
#define DONE(item)  "{\"type\":\"response.output_item.done\",\"item\":" item "}"
#define PART(item_id, part)                                                                        \
	"{\"type\":\"response.content_part.added\",\"item_id\":\"" item_id "\",\"part\":" part "}"
#define DELTA(item_id, index, text)                                                                \
	"{\"type\":\"response.output_text.delta\",\"item_id\":\"" item_id                          \
	"\",\"content_index\":" index ",\"delta\":\"" text "\"}"
#define COMPLETED(response) "{\"type\":\"response.completed\",\"response\":" response "}"

extern const char message[];   /* a message is added, without parts */
extern const char text_part[]; /* an empty part of that message is added */

/* The object as it is stored when a response has been created. Free out. */
void initial_object(struct buf *out);
/* A fold of that object. Close it with fold_close(). */
void open_fold(struct fold *fold);
/* The same, with a message that has one empty part. */
void open_message(struct fold *fold);

/* The object so far, and one of its members; they are the fold's. */
struct span text_of(const struct fold *fold);
struct span member(const struct fold *fold, const char *name);

/* That both are the same JSON, whatever their spelling. */
void assert_json(struct span actual, const char *expected);
void assert_member(const struct fold *fold, const char *name, const char *expected);
/* That json_check() takes the object. */
void assert_check_passes(const struct fold *fold);
/* That json-c takes it, too. */
void assert_valid(const struct fold *fold);

/* Folds the event and checks the result; whatever that is, the object is valid. */
void feed(struct fold *fold, const char *event, enum fold_result expected);
/* One that changes the object. */
void change(struct fold *fold, const char *event);

#endif
