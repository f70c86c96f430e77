/*
 * The arguments of drop.lua, which takes an id out of lists for good: of a worker's when its job
 * has ended, of those of what waits when nobody wants it any more.
 */
#ifndef RESPOOL_DROP_ARGS_H
#define RESPOOL_DROP_ARGS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "keys.h"
#include "redis_args.h"

/* How it has ended, beside the names of terminal states. */
#define DROP_DELETED "deleted"
#define DROP_UNKNOWN ""

struct drop_end {
	const char *id;
	const char *how;      /* behind a blank, what was used (use.h), if that is known */
	long long ttl;        /* how long it is kept, in s, should Redis not know it */
	const char *webhooks; /* webhooks_config.lines: who is told; NULL: nobody */
	bool waits;           /* it is to be looked for where ids wait for a worker */
	const char *list;     /* the key of the worker's list that has it, or NULL */
	struct usage_key day; /* drop_args() fills it in */
};

/* The command. What end points to has to stay, as end itself, until that has been handed on. */
void drop_args(struct redis_args *args, const struct key_space *space, struct drop_end *end);

#endif
