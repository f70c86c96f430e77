/* What an answer of the Messages API has cost: told in pieces, each of which is a running total. */
#ifndef RESPOOL_MESSAGES_USAGE_H
#define RESPOOL_MESSAGES_USAGE_H

#include "common/response/builder.h"

enum messages_count {
	COUNT_INPUT, /* without what came from a cache or went into one */
	COUNT_CACHE_READ,
	COUNT_CACHE_CREATION,
	COUNT_OUTPUT,
	COUNT_REASONING, /* of the output */
	MESSAGES_COUNTS
};

struct messages_usage {
	long long counts[MESSAGES_COUNTS]; /* -1 until it is told */
};

void messages_usage_init(struct messages_usage *usage);
/* A usage object has come, or whatever stands in its place. Tells the builder if it says any. */
void messages_usage_came(struct messages_usage *usage, struct span object, struct builder *builder);

#endif
