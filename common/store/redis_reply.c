#include "redis_reply.h"

struct span reply_span(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return (struct span){0};
	return (struct span){reply->str, reply->len};
}
