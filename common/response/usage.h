/* How many tokens a response has taken, as its provider counts them. */
#ifndef RESPOOL_USAGE_H
#define RESPOOL_USAGE_H

#include "common/base/buf.h"

/* Each is -1 if it is not told. Cached tokens are some of the input, reasoning is of the output. */
struct usage {
	long long input, output, cached, reasoning;
};

/* Reads a Response object's usage: raw JSON that has been checked, null, or nothing. */
struct usage usage_read(struct span usage);

#endif
