/* The members of a request's body, in their order, when none of them may be there twice. */
#ifndef RESPOOL_REQUEST_MEMBERS_H
#define RESPOOL_REQUEST_MEMBERS_H

#include <stdbool.h>

#include "api_error.h"
#include "common/base/buf.h"
#include "common/base/json.h"

enum { REQUEST_MAX_MEMBERS = 256 };

/* All of it is request_members.c's. */
struct request_members {
	struct json_scan scan;
	struct buf names; /* in their canonical spelling, one after the other */
	size_t ends[REQUEST_MAX_MEMBERS];
	size_t count;
	bool failed;
};

/*
 * Whether it is an object in JSON: UTF-8, and not too deep. Else false, with *error saying why
 * (status 400).
 */
bool request_body_check(struct span body, struct api_error *error);

/* body has been checked. */
void request_members_open(struct request_members *members, struct span body);
/*
 * The next one: key is its name as it is spelled between its quotes, name canonically, valid until
 * the next call. False at the end, or, with *error filled in (status 400), if it has come before or
 * there are too many.
 */
bool request_members_next(struct request_members *members, struct span *key, struct span *name,
    struct span *value, struct api_error *error);
/* Returns whether none was refused. */
bool request_members_close(struct request_members *members);

/*
 * Reads the name of a model into *model, to be freed. On failure returns false and fills in *error
 * (status 400).
 */
bool request_read_model(char **model, struct span value, struct api_error *error);
/* Reads a member that is a boolean or null, likewise. */
bool request_read_flag(bool *flag, const char *name, struct span value, struct api_error *error);

/* Appends body, an object that has been checked and names no model, with this one in front. */
void request_body_name_model(struct buf *out, struct span body, const char *model);

#endif
