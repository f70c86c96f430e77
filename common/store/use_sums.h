/*
 * What has been used by requests that no limit had to be asked for, summed up by a relay until its
 * next beat tells Redis: by tenant and label.
 */
#ifndef RESPOOL_USE_SUMS_H
#define RESPOOL_USE_SUMS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/response/use.h"

/* How a request that was passed through has ended. */
struct settlement {
	bool failed;
	bool cancelled; /* by its client, before it had the whole answer */
	struct use use;
};

struct use_sum;

/* A zeroed one is empty. */
struct use_sums {
	struct use_sum *all;
	size_t len, cap;
};

/* Adds one request. */
void use_sums_add(struct use_sums *sums, struct span tenant, struct span label,
    const struct settlement *settlement);

/*
 * Appends them as relay_beat.lua takes them, and nothing is in it afterwards: a line of tenant and
 * label with the byte 31 between, a tab, and with blanks between how many requests, how many of
 * them failed and were cancelled, and what use_write() writes.
 */
void use_sums_take(struct use_sums *sums, struct buf *out);

/* Nothing is in it afterwards. */
void use_sums_clear(struct use_sums *sums);

#endif
