/* Asking a Sentinel where a master is. */
#ifndef RESPOOL_SENTINEL_MASTER_H
#define RESPOOL_SENTINEL_MASTER_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "redis_address.h"
#include "redis_args.h"

/* The question about the master of a service, whose name is not copied. */
void sentinel_master_args(struct redis_args *args, const char *service);

/* False, and *master stays as it is, if the reply names none. */
bool sentinel_master_read(const redisReply *reply, struct redis_address *master);

#endif
