/*
 * Finds how many tokens an answer has taken as it passes, in pieces of any size: one object of a
 * Responses API, of Chat Completions or of embeddings, or a stream of events. The last "usage" that
 * tells of tokens counts. What stands in a string is none: there its quotes are escaped.
 *
 * Of the answer nothing is kept but such an object while it comes.
 */
#ifndef RESPOOL_USAGE_FINDER_H
#define RESPOOL_USAGE_FINDER_H

#include <stdbool.h>

#include "common/base/buf.h"

/* Zeroed by the owner but for what usage_finder_begin() sets. */
struct usage_finder {
	/* What has been found: tokens, each -1 if it is not told. */
	long long input, output;

	/* The rest is usage_finder.c's. */
	enum { USAGE_NAME, USAGE_COLON, USAGE_BRACE, USAGE_OBJECT } expected;
	int matched; /* characters of the name that have come at the end of a piece */
	int depth;   /* of the braces that are open in the object */
	bool in_string, escaped;
	struct buf object; /* what has come of it */
};

/* Nothing has been found. */
void usage_finder_begin(struct usage_finder *finder);
/* The answer is another one from now on, or over. A zeroed one may be closed. */
void usage_finder_close(struct usage_finder *finder);

/* Takes the answer's next bytes. */
void usage_finder_feed(struct usage_finder *finder, struct span bytes);

#endif
