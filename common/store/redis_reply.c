#include "redis_reply.h"

#include <string.h>

struct span reply_span(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return (struct span){0};
	return (struct span){reply->str, reply->len};
}

bool reply_is_error(const redisReply *reply, const char *code)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, strlen(code)) == 0;
}

int replies_find_error(redisReply *const *replies, int count)
{
	for (int i = 0; i < count; i++)
		if (replies[i]->type == REDIS_REPLY_ERROR)
			return i;
	return -1;
}

void replies_free(redisReply **replies, int count)
{
	for (int i = 0; i < count; i++) {
		if (replies[i] != NULL)
			freeReplyObject(replies[i]);
		replies[i] = NULL;
	}
}
