/* Reading the replies of Redis. */
#ifndef RESPOOL_REDIS_REPLY_H
#define RESPOOL_REDIS_REPLY_H

#include <hiredis/hiredis.h>

#include "common/base/buf.h"

/* The text of a string reply, the reply's own; empty for any other type. */
struct span reply_span(const redisReply *reply);

#endif
