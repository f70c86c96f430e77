#include "keys.h"
#include "redis_reply.h"
#include "store_internal.h"

enum store_result store_native(
    struct store *store, const char *id, const char *tenant, struct native_response *out)
{
	struct redis_args args = {0};
	struct native_key key;
	const redisReply *reply;

	if (!native_key(&key, &store->space, id))
		return STORE_NOT_FOUND;
	redis_args_add(&args, "HMGET");
	redis_args_add(&args, key.name);
	redis_args_add(&args, "tenant");
	redis_args_add(&args, "deployment");
	redis_args_add(&args, "model");
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->elements != 3 || reply->element[0]->type != REDIS_REPLY_STRING)
		return STORE_NOT_FOUND;
	out->deployment = reply_span(reply->element[1]);
	out->model = reply_span(reply->element[2]);
	return span_is(reply_span(reply->element[0]), tenant) ? STORE_OK : STORE_OTHERS;
}
