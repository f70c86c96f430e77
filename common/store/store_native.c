#include "keys.h"
#include "redis_reply.h"
#include "store_internal.h"

enum store_result store_native(
    struct store *store, const char *id, const char *tenant, struct native_response *out)
{
	struct redis_args args = {0};
	struct native_key key;
	const redisReply *reply;

	if (!native_key(&key, id))
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

enum store_result store_remember_native(struct store *store, const char *id, const char *tenant,
    const char *deployment, const char *model, long ttl)
{
	struct redis_args args = {0};
	struct native_key key;

	if (!native_key(&key, id))
		return STORE_OK;
	redis_args_script(&args, SCRIPT_REMEMBER, 1);
	redis_args_add(&args, key.name);
	redis_args_add(&args, tenant);
	redis_args_add(&args, deployment);
	redis_args_add(&args, model);
	redis_args_add_number(&args, ttl);
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	return store->replies[0]->integer == 1 ? STORE_OK : STORE_OTHERS;
}

enum store_result store_forget_native(struct store *store, const char *id, const char *tenant)
{
	struct redis_args args = {0};
	struct native_key key;

	if (!native_key(&key, id))
		return STORE_OK;
	redis_args_script(&args, SCRIPT_FORGET, 1);
	redis_args_add(&args, key.name);
	redis_args_add(&args, tenant);
	return store_call(store, &args, 1) ? STORE_OK : STORE_UNAVAILABLE;
}
