/* How many tokens a response has taken, as its provider counts them. */
#ifndef RESPOOL_USAGE_H
#define RESPOOL_USAGE_H

#include <stdbool.h>

#include "common/base/buf.h"

#define USAGE_MOST 1000000000LL

/* Each is -1 if it is not told. Cached tokens are some of the input, reasoning is of the output. */
struct usage {
	long long input, output, cached, reasoning;
};

/*
 * A number of tokens that is told, or -1 if it is none: below 0, or above USAGE_MOST, which no
 * provider means. Sums of those up to that stay numbers everywhere, also in scripts.
 */
long long usage_tokens(long long told);

/* Whether any of it is told that costs: input or output. */
bool usage_is_told(const struct usage *usage);

/* Reads a Response object's usage: raw JSON that has been checked, null, or nothing. */
struct usage usage_read(struct span usage);

#endif
