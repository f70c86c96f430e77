#include "common/response/response.h"
#include "keys.h"
#include "redis_reply.h"
#include "store_internal.h"

enum { HEAD_LEN = RESPONSE_COMPLETED_AT_OFFSET + RESPONSE_COMPLETED_AT_WIDTH };

/* Whose the response is, whether it is streamed, and as much of it as shows whether it is ours. */
static bool read_head(struct store *store, const char *id)
{
	struct redis_args commands[2] = {{0}, {0}}, *job = &commands[0], *head = &commands[1];
	struct response_keys keys;

	response_keys(&keys, &store->space, id);
	redis_args_add(job, "HMGET");
	redis_args_add(job, keys.job);
	redis_args_add(job, "tenant");
	redis_args_add(job, "streamed");
	redis_args_add(head, "GETRANGE");
	redis_args_add(head, keys.response);
	redis_args_add_number(head, 0);
	redis_args_add_number(head, HEAD_LEN - 1);
	return store_call(store, commands, 2);
}

enum store_result store_follow(
    struct store *store, const char *id, const char *tenant, bool *streamed)
{
	struct stored_response response;
	const redisReply *fields;

	*streamed = false;
	if (!read_head(store, id))
		return STORE_UNAVAILABLE;
	fields = store->replies[0];
	response.object = reply_span(store->replies[1]);
	if (fields->elements != 2 || response.object.len == 0)
		return STORE_NOT_FOUND;
	response.foreign = fields->element[0]->type != REDIS_REPLY_STRING;
	if (response.foreign)
		return store_is_orphan(&response) ? STORE_NOT_FOUND : STORE_OK;
	*streamed = fields->element[1]->type == REDIS_REPLY_STRING;
	return span_is(reply_span(fields->element[0]), tenant) ? STORE_OK : STORE_NOT_FOUND;
}
