/*
 * The arguments of drop.lua, which takes an id out of lists for good: of a worker's when its job
 * has ended, of the queue when nobody wants it any more.
 */
#ifndef RESPOOL_DROP_ARGS_H
#define RESPOOL_DROP_ARGS_H

#include "common/base/buf.h"
#include "keys.h"
#include "redis_args.h"

/* How it has ended, for drop_args_end(), beside the names of terminal states. */
#define DROP_DELETED "deleted"
#define DROP_UNKNOWN ""

struct drop_end {
	const char *id;
	const char *how;
	long long ttl;        /* how long it is kept, in s, should Redis not know it */
	const char *webhooks; /* webhooks_config.lines: who is told; NULL: nobody */
};

/*
 * Begins the command. The caller adds so many lists' keys behind it. What end points to has to stay
 * until the command has been handed on.
 */
void drop_args(
    struct redis_args *args, const struct key_space *space, const struct drop_end *end, int lists);
/* Ends it. */
void drop_args_end(struct redis_args *args, const struct drop_end *end);

#endif
