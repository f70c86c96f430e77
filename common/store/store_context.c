#include "common/response/response.h"
#include "keys.h"
#include "redis_reply.h"
#include "store_internal.h"

enum store_result store_input(
    struct store *store, const char *id, const char *tenant, struct span *input)
{
	struct redis_args args = {0};
	struct response_keys keys;
	const redisReply *reply;

	response_keys(&keys, &store->space, id);
	redis_args_add(&args, "HMGET");
	redis_args_add(&args, keys.job);
	redis_args_add(&args, "tenant");
	redis_args_add(&args, "input");
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING ||
	    !span_is(reply_span(reply->element[0]), tenant))
		return STORE_NOT_FOUND;
	*input = reply_span(reply->element[1]);
	return STORE_OK;
}

enum store_result store_context(
    struct store *store, const char *id, const char *tenant, struct stored_context *out)
{
	struct redis_args commands[2] = {{0}, {0}}, *job = &commands[0], *get = &commands[1];
	struct response_keys keys;
	redisReply **fields;

	response_keys(&keys, &store->space, id);
	redis_args_add(job, "HMGET");
	redis_args_add(job, keys.job);
	redis_args_add(job, "tenant");
	redis_args_add(job, "state");
	redis_args_add(job, "context");
	redis_args_add(job, "input");
	redis_args_add(job, "deployment");
	redis_args_add(job, "follows");
	redis_args_add(get, "GET");
	redis_args_add(get, keys.response);
	if (!store_call(store, commands, 2))
		return STORE_UNAVAILABLE;
	if (store->replies[0]->elements != 6 || store->replies[1]->type != REDIS_REPLY_STRING)
		return STORE_NOT_FOUND;
	fields = store->replies[0]->element;
	*out = (struct stored_context){
	    .status = response_status_find(reply_span(fields[1])),
	    .has_input = fields[3]->type == REDIS_REPLY_STRING,
	    .context = reply_span(fields[2]),
	    .input = reply_span(fields[3]),
	    .deployment = reply_span(fields[4]),
	    .follows = reply_span(fields[5]),
	    .object = reply_span(store->replies[1]),
	};
	if (fields[0]->type == REDIS_REPLY_STRING)
		return span_is(reply_span(fields[0]), tenant) ? STORE_OK : STORE_NOT_FOUND;
	return response_status_peek(out->object) == STATUS_COUNT ? STORE_OK : STORE_NOT_FOUND;
}
