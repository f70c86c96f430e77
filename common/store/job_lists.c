#include "job_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "redis_args.h"

struct id_call *id_call_new(struct job_lists *lists, const char *worker, const char *id)
{
	struct id_call *call = xcalloc(1, sizeof(*call));

	call->lists = lists;
	snprintf(call->worker, sizeof(call->worker), "%s", worker);
	snprintf(call->id, sizeof(call->id), "%s", id);
	LIST_INSERT_HEAD(&lists->calls, call, link);
	return call;
}

void id_call_free(struct id_call *call)
{
	LIST_REMOVE(call, link);
	free(call);
}

bool job_lists_busy(const struct job_lists *lists, const char *id)
{
	const struct id_call *call;

	LIST_FOREACH (call, &lists->calls, link) {
		if (strcmp(call->id, id) == 0)
			return true;
	}
	return false;
}

void job_lists_change_opened(struct job_lists *lists)
{
	lists->open++;
}

void job_lists_change_closed(struct job_lists *lists)
{
	if (--lists->open == 0)
		lists->idle(lists->ctx);
}

static bool send_change(
    struct job_lists *lists, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	if (!redis_link_call(lists->commands, args, fn, privdata))
		return false;
	job_lists_change_opened(lists);
	return true;
}

/* ---- single ids ------------------------------------------------------------------------------ */

/* For changes after which there is nothing more to do. */
static void on_changed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct job_lists *lists = privdata;

	(void)redis;
	redis_link_failed(lists->commands, data, "moving an id");
	job_lists_change_closed(lists);
}

void job_lists_drop(struct job_lists *lists, const char *worker, const char *id)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, worker);
	redis_args_script(&args, SCRIPT_DROP, 3);
	redis_args_add(&args, KEY_HELD);
	redis_args_add(&args, KEY_HELD_UNTIL);
	redis_args_add(&args, key.name);
	redis_args_add(&args, id);
	redis_args_add(&args, "0");
	send_change(lists, &args, on_changed, lists);
}

/* For what is no id, and so was never counted. */
static void drop_entry(struct job_lists *lists, const char *worker, struct span entry)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, worker);
	redis_args_add(&args, "LREM");
	redis_args_add(&args, key.name);
	redis_args_add(&args, "0");
	redis_args_add_span(&args, entry);
	send_change(lists, &args, on_changed, lists);
}

const char *job_lists_id(struct job_lists *lists, const char *worker, const redisReply *reply)
{
	if (strlen(reply->str) == reply->len && response_id_valid(reply->str))
		return reply->str;
	log_warnx("the queue held \"%.64s\", which is no response's id; dropped", reply->str);
	drop_entry(lists, worker, (struct span){reply->str, reply->len});
	return NULL;
}

void job_lists_requeue(struct job_lists *lists, const char *worker, const char *id)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, worker);
	redis_args_script(&args, SCRIPT_REQUEUE, 2);
	redis_args_add(&args, key.name);
	redis_args_add(&args, KEY_QUEUE);
	redis_args_add(&args, id);
	send_change(lists, &args, on_changed, lists);
}

/* After release or reclaim: the id goes back to the queue, or nowhere. */
static void on_freed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct job_lists *lists = call->lists;
	const redisReply *reply = data;

	(void)redis;
	if (!redis_link_failed(lists->commands, reply, "giving a job back")) {
		if (reply->integer == 1)
			job_lists_requeue(lists, call->worker, call->id);
		else
			job_lists_drop(lists, call->worker, call->id);
	}
	id_call_free(call);
	job_lists_change_closed(lists);
}

/* Calls a script that takes the job from its owner, by what only that owner is known by. */
static void free_job(
    struct job_lists *lists, struct redis_args *args, const char *worker, const char *id)
{
	struct id_call *call = id_call_new(lists, worker, id);

	if (!send_change(lists, args, on_freed, call))
		id_call_free(call);
}

void job_lists_release(struct job_lists *lists, const char *id, long long fence, bool counted)
{
	struct redis_args args = {0};
	struct response_keys keys;

	response_keys(&keys, id);
	redis_args_script(&args, SCRIPT_RELEASE, 2);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add_number(&args, fence);
	redis_args_add(&args, counted ? "1" : "0");
	free_job(lists, &args, lists->self, id);
}

static void reclaim_args(
    struct redis_args *args, struct response_keys *keys, const char *worker, const char *id)
{
	response_keys(keys, id);
	redis_args_script(args, SCRIPT_RECLAIM, 2);
	redis_args_add(args, keys->response);
	redis_args_add(args, keys->job);
	redis_args_add(args, worker);
}

static void reclaim(struct job_lists *lists, const char *worker, const char *id)
{
	struct redis_args args = {0};
	struct response_keys keys;

	reclaim_args(&args, &keys, worker, id);
	free_job(lists, &args, worker, id);
}

/* ---- ids whose job is another worker's ------------------------------------------------------- */

static void on_taken_from_lost(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct job_lists *lists = call->lists;
	const redisReply *reply = data;

	(void)redis;
	if (!redis_link_failed(lists->commands, reply, "reclaim")) {
		if (reply->integer == 1)
			lists->freed(lists->ctx, call->id);
		else
			job_lists_drop(lists, lists->self, call->id);
	}
	id_call_free(call);
	job_lists_change_closed(lists);
}

static void on_lapsed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct job_lists *lists = call->lists;
	const redisReply *reply = data;
	struct redis_args args = {0};
	struct response_keys keys;
	bool sent = false;

	(void)redis;
	if (!redis_link_failed(lists->commands, reply, "lapsed") && reply->integer == 1) {
		reclaim_args(&args, &keys, call->worker, call->id);
		sent = send_change(lists, &args, on_taken_from_lost, call);
	}
	if (!sent)
		id_call_free(call);
	job_lists_change_closed(lists);
}

void job_lists_challenge(struct job_lists *lists, const char *id, const char *owner)
{
	struct id_call *call = id_call_new(lists, owner, id);
	struct redis_args args = {0};

	redis_args_script(&args, SCRIPT_LAPSED, 1);
	redis_args_add(&args, KEY_WORKERS);
	redis_args_add(&args, owner);
	if (!send_change(lists, &args, on_lapsed, call))
		id_call_free(call);
}

/* ---- whole lists ----------------------------------------------------------------------------- */

void job_lists_bury(struct job_lists *lists, const char *worker)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, worker);
	redis_args_script(&args, SCRIPT_BURY, 2);
	redis_args_add(&args, KEY_WORKERS);
	redis_args_add(&args, key.name);
	redis_args_add(&args, worker);
	redis_args_add(&args, strcmp(worker, lists->self) == 0 ? "1" : "0");
	send_change(lists, &args, on_changed, lists);
}

bool job_lists_read(
    struct job_lists *lists, const char *worker, redisCallbackFn *fn, void *privdata)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, worker);
	redis_args_add(&args, "LRANGE");
	redis_args_add(&args, key.name);
	redis_args_add(&args, "0");
	redis_args_add(&args, "-1");
	return redis_link_call(lists->commands, &args, fn, privdata);
}

static void take_ids(struct job_lists *lists, const char *worker, const redisReply *ids)
{
	size_t i;

	if (ids->elements > 0)
		log_info("taking over %zu jobs of worker %s", ids->elements, worker);
	for (i = 0; i < ids->elements; i++) {
		const char *id = job_lists_id(lists, worker, ids->element[i]);

		if (id != NULL)
			reclaim(lists, worker, id);
	}
	if (ids->elements == 0 && strcmp(worker, lists->self) != 0)
		job_lists_bury(lists, worker);
}

static void on_list(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct job_lists *lists = call->lists;

	(void)redis;
	if (!redis_link_failed(lists->commands, data, "LRANGE"))
		take_ids(lists, call->worker, data);
	id_call_free(call);
	job_lists_change_closed(lists);
}

void job_lists_take_over(struct job_lists *lists, const char *worker)
{
	struct id_call *call = id_call_new(lists, worker, "");

	if (job_lists_read(lists, worker, on_list, call))
		job_lists_change_opened(lists);
	else
		id_call_free(call);
}
