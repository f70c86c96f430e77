/* What the query of GET /v1/responses/{id} says about a stream. */
#ifndef RESPOOL_FOLLOW_QUERY_H
#define RESPOOL_FOLLOW_QUERY_H

#include <stdbool.h>

#include "common/response/api_error.h"

enum { FOLLOW_AFTER_SIZE = 21 };

struct follow_query {
	bool stream; /* what follows is only looked at if it is asked for */
	/* starting_after, in decimal: the number of the last event that the client has; or "" */
	char after[FOLLOW_AFTER_SIZE];
};

/*
 * Reads it. False, with *error saying why (status 400), if there is a value that is not to be
 * taken. include_obfuscation is checked and has no effect: nothing is added here that it could
 * leave out. What is there twice counts as it is there last.
 */
bool follow_query_read(struct follow_query *out, const char *query, struct api_error *error);

#endif
