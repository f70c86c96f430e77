/*
 * Whether a request keeps within the limits of its key, as the scripts of the store judge it
 * (scripts/shared/limits.lua).
 */
#ifndef RESPOOL_ADMISSION_H
#define RESPOOL_ADMISSION_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "common/base/buf.h"
#include "common/config/key_limits.h"

/* The limit that a request does not keep to. */
enum limit {
	LIMIT_NONE,
	LIMIT_RPM,
	LIMIT_TPM,
	LIMIT_MAX_QUEUE,
	LIMIT_MAX_BUDGET,
	LIMIT_MAX_PARALLEL,
};

/* Of requests, or of tokens, a minute. */
struct rate_left {
	long long limit; /* UNLIMITED: there is none */
	long long remaining;
	long long reset_ms; /* until all of it is there again */
};

struct admission {
	enum limit limit;  /* by which it is refused */
	long long wait_ms; /* until it is worth another try; 0: nobody knows */
	struct rate_left requests, tokens;
};

/* Of what has no limits. */
extern const struct admission admission_unlimited;

/* Whether any of the limits can have a request refused. */
bool limits_can_refuse(const struct key_limits *limits);

/*
 * How many tokens are reserved for a request that is expected to take so many: no more than there
 * can ever be left.
 */
long long limits_reserve(const struct key_limits *limits, long long tokens);

/* Appends the limits as scripts take them, with how many tokens are to be reserved. */
void limits_write(struct buf *out, const struct key_limits *limits, long long reserved);

/* Reads what enqueue.lua and admit.lua reply: an array that has limits, or anything else. */
struct admission admission_read(const redisReply *reply);

/*
 * Reads what enqueue.lua replies to a request that keeps within the limits: what is left then, as
 * scripts/shared/rates.lua has it. A limit of which that says nothing is left out.
 */
struct admission admission_granted(const struct key_limits *limits, const char *rates);

#endif
