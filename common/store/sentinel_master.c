#include "sentinel_master.h"

#include <stdlib.h>

void sentinel_master_args(struct redis_args *args, const char *service)
{
	redis_args_add(args, "SENTINEL");
	redis_args_add(args, "GET-MASTER-ADDR-BY-NAME");
	redis_args_add(args, service);
}

/* Its host and port. */
bool sentinel_master_read(const redisReply *reply, struct redis_address *master)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       reply->element[1]->type == REDIS_REPLY_STRING &&
	       redis_address_set(master, reply->element[0]->str, atoi(reply->element[1]->str));
}
