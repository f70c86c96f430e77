/* Reading the replies of Redis. */
#ifndef RESPOOL_REDIS_REPLY_H
#define RESPOOL_REDIS_REPLY_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "common/base/buf.h"

/* The text of a string reply, the reply's own; empty for any other type. */
struct span reply_span(const redisReply *reply);

/* Whether it is an error whose text begins so: "NOSCRIPT". */
bool reply_is_error(const redisReply *reply, const char *code);

/* Of so many replies, the index of the first that is an error; -1 if none is. */
int replies_find_error(redisReply *const *replies, int count);
/* Frees those that there are, and makes them NULL. */
void replies_free(redisReply **replies, int count);

#endif
