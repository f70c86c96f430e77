/*
 * Folding as plainly as it can be done: on json-c's objects, which are parsed, changed and compared
 * as dictionaries and lists. What fold.c makes must be equal to it after every event.
 *
 * json-c cannot hold everything: no NUL in a member's name, no half of a surrogate pair, nothing
 * that is not UTF-8. Events with these are not for this fold.
 */
#ifndef RESPOOL_NAIVE_FOLD_H
#define RESPOOL_NAIVE_FOLD_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/response/fold.h"

struct json_object;

struct naive_fold {
	struct json_object *object;
	struct json_object *notes; /* on the output's items, in their order */
	enum response_status status;
	long long base; /* of the indexes in this life of the response */
	long long tellings;
	bool created, life_ended, settled, error_seen, ended;
};

/* Begins with a Response object that response_initial() made. */
void naive_open(struct naive_fold *naive, struct span object);
void naive_close(struct naive_fold *naive);

/* Folds an event that is JSON nested no deeper than fold.c allows. */
enum fold_result naive_event(struct naive_fold *naive, struct span event);
void naive_end(struct naive_fold *naive);
void naive_seal(struct naive_fold *naive, time_t now);

/* How many members the object has. */
size_t naive_members(const struct naive_fold *naive);

/* The object as JSON, for messages; valid until the next call. */
const char *naive_text(const struct naive_fold *naive);

/* Whether text is the JSON of an equal object. */
bool naive_equals(const struct naive_fold *naive, struct span text);

/* Whether two texts are JSON, as json-c parses it strictly, of equal values. */
bool naive_same_json(struct span a, struct span b);

#endif
