#include "common/response/response.h"
#include "keys.h"
#include "redis_reply.h"
#include "store_internal.h"

/* The replies of cancel and delete for what is to be taken out of the count, and of the queue. */
enum { WAS_COUNTED = 2, WAS_QUEUED = 3 };

/*
 * What nobody wants any more shall not count against max_queue and max_queue_bytes. Should this
 * fail, the worker that takes the id drops it.
 */
static void drop(struct store *store, const char *id, bool queued, bool deleted)
{
	struct redis_args args = {0};

	redis_args_script(&args, SCRIPT_DROP, queued ? 3 : 2);
	redis_args_add(&args, store->space.held);
	redis_args_add(&args, store->space.held_until);
	if (queued)
		redis_args_add(&args, store->space.queue);
	redis_args_add(&args, id);
	redis_args_add(&args, deleted ? "1" : "0");
	store_call_aside(store, &args);
}

enum store_result store_cancel(
    struct store *store, const char *id, const char *tenant, struct stored_response *out)
{
	struct redis_args args = {0};
	struct response_keys keys;
	const redisReply *reply;
	char slot[RESPONSE_STATUS_WIDTH + 1], open[RESPONSE_STATUS_WIDTH + 1];
	char closed[RESPONSE_STATUS_WIDTH + 1];

	response_keys(&keys, &store->space, id);
	response_status_slot(slot, STATUS_CANCELLED);
	response_status_slot(open, STATUS_IN_PROGRESS);
	response_status_slot(closed, STATUS_INCOMPLETE);
	redis_args_script(&args, SCRIPT_CANCEL, 3);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add(&args, keys.events);
	redis_args_add(&args, tenant);
	redis_args_add_number(&args, RESPONSE_STATUS_OFFSET);
	redis_args_add(&args, slot);
	redis_args_add(&args, store->space.cancel_channel);
	redis_args_add(&args, id);
	redis_args_add(&args, open);
	redis_args_add(&args, closed);
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return STORE_NOT_FOUND;
	if (reply->element[0]->integer == WAS_QUEUED)
		drop(store, id, true, false);
	out->foreign = reply->element[0]->integer == 2;
	out->object = reply_span(reply->element[1]);
	return store_is_orphan(out) ? STORE_NOT_FOUND : STORE_OK;
}

enum store_result store_delete(struct store *store, const char *id, const char *tenant)
{
	struct redis_args args = {0};
	struct response_keys keys;
	long long removed;

	response_keys(&keys, &store->space, id);
	redis_args_script(&args, SCRIPT_DELETE, 3);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add(&args, keys.events);
	redis_args_add(&args, tenant);
	redis_args_add(&args, store->space.cancel_channel);
	redis_args_add(&args, id);
	redis_args_add_number(&args, RESPONSE_STATUS_NAME_OFFSET);
	redis_args_add(&args, RESPONSE_STATUS_NAME);
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	removed = store->replies[0]->integer;
	if (removed == WAS_QUEUED || removed == WAS_COUNTED)
		drop(store, id, removed == WAS_QUEUED, true);
	return removed != 0 ? STORE_OK : STORE_NOT_FOUND;
}
