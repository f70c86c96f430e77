/* The command by which it is remembered who made an encrypted content, and what it stores. */
#ifndef RESPOOL_MAKER_COMMAND_H
#define RESPOOL_MAKER_COMMAND_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "redis_args.h"
#include "store.h"

/* Appends what is stored under a sealed_key. */
void maker_write(struct buf *out, const char *deployment, const char *model);
/* The opposite; *maker points into stored. False if it is nothing of that kind. */
bool maker_read(struct stored_maker *maker, struct span stored);

/* The command that stores it for ttl seconds; key and value must stay until it is sent. */
void maker_args(struct redis_args *args, const char *key, struct span value, long ttl);

#endif
