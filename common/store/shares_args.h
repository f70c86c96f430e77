/* The keys of how what waits is shared, as scripts take them that include shares.lua. */
#ifndef RESPOOL_SHARES_ARGS_H
#define RESPOOL_SHARES_ARGS_H

#include "keys.h"
#include "redis_args.h"

/* Adds shares, seats, lines, turns and passes. */
void shares_args(struct redis_args *args, const struct key_space *space);

#endif
