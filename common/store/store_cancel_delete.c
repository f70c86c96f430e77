#include "common/response/response.h"
#include "drop_args.h"
#include "keys.h"
#include "redis_reply.h"
#include "store_internal.h"

/* The replies of cancel.lua and delete.lua. */
enum { CANCEL_FOREIGN = 2, DELETED_OURS = 2, WAS_QUEUED = 3, CANCEL_RUNNING = 4 };

/*
 * What nobody wants any more is told as ended, whatever becomes of its worker, and shall not count
 * against max_queue and max_queue_bytes. Should this fail, the worker that has the id, or takes it,
 * does it. ttl is how long it is kept.
 */
static void drop(struct store *store, const char *id, bool queued, const char *how, long long ttl)
{
	struct drop_end end = {
	    .id = id, .how = how, .ttl = ttl, .webhooks = store->webhooks, .waits = queued};
	struct redis_args args = {0};

	drop_args(&args, &store->space, &end);
	store_call_aside(store, &args);
}

static void note_queued_end(struct store *store, redisReply *const *facts)
{
	store->has_ended = true;
	store->ended = (struct queued_end){
	    .model = reply_span(facts[0]),
	    .request_id = reply_span(facts[1]),
	    .age_ms = facts[2]->integer,
	    .attempts = facts[3]->integer,
	};
}

const struct queued_end *store_queued_end(const struct store *store)
{
	return store->has_ended ? &store->ended : NULL;
}

enum store_result store_cancel(
    struct store *store, const char *id, const char *tenant, struct stored_response *out)
{
	struct redis_args args = {0};
	struct response_keys keys;
	const redisReply *reply;
	char slot[RESPONSE_STATUS_WIDTH + 1], open[RESPONSE_STATUS_WIDTH + 1];
	char closed[RESPONSE_STATUS_WIDTH + 1];
	long long was;

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
	store->has_ended = false;
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
		return STORE_NOT_FOUND;
	was = reply->element[0]->integer;
	out->foreign = was == CANCEL_FOREIGN;
	out->object = reply_span(reply->element[1]);
	if (was == WAS_QUEUED)
		note_queued_end(store, reply->element + 3);
	if (was == WAS_QUEUED || was == CANCEL_RUNNING)
		drop(store, id, was == WAS_QUEUED, response_status_name(STATUS_CANCELLED),
		    reply->element[2]->integer);
	return store_is_orphan(out) ? STORE_NOT_FOUND : STORE_OK;
}

enum store_result store_delete(struct store *store, const char *id, const char *tenant)
{
	struct redis_args args = {0};
	struct response_keys keys;
	const redisReply *reply;
	long long removed;

	response_keys(&keys, &store->space, id);
	redis_args_script(&args, SCRIPT_DELETE, 4);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add(&args, keys.events);
	redis_args_add(&args, keys.request);
	redis_args_add(&args, tenant);
	redis_args_add(&args, store->space.cancel_channel);
	redis_args_add(&args, id);
	redis_args_add_number(&args, RESPONSE_STATUS_NAME_OFFSET);
	redis_args_add(&args, RESPONSE_STATUS_NAME);
	store->has_ended = false;
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->type == REDIS_REPLY_ARRAY)
		note_queued_end(store, reply->element + 1);
	removed = reply->type == REDIS_REPLY_ARRAY ? WAS_QUEUED : reply->integer;
	if (removed == WAS_QUEUED || removed == DELETED_OURS)
		drop(store, id, removed == WAS_QUEUED, DROP_DELETED, 0);
	return removed != 0 ? STORE_OK : STORE_NOT_FOUND;
}
