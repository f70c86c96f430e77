#include <string.h>

#include "common/base/log.h"
#include "common/response/response_id.h"
#include "drop_args.h"
#include "job_lists_internal.h"
#include "redis_args.h"
#include "shares_args.h"

/* Replies of release.lua and reclaim.lua; there is a third, that the job is another's. */
enum { JOB_GONE = 0, JOB_FREED = 1 };

void job_lists_drop(struct job_lists *lists, const char *worker, const char *id, const char *how)
{
	struct running_key key;
	struct drop_end end = {
	    .id = id, .how = how, .ttl = lists->ttl, .webhooks = lists->webhooks, .list = key.name};
	struct redis_args args = {0};

	running_key(&key, lists->space, worker);
	drop_args(&args, lists->space, &end);
	job_lists_send(lists, &args);
}

/* For what is no id, and so was never counted. */
static void drop_entry(struct job_lists *lists, const char *worker, struct span entry)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, lists->space, worker);
	redis_args_add(&args, "LREM");
	redis_args_add(&args, key.name);
	redis_args_add(&args, "0");
	redis_args_add_span(&args, entry);
	job_lists_send(lists, &args);
}

const char *job_lists_id(struct job_lists *lists, const char *worker, const redisReply *reply)
{
	if (strlen(reply->str) == reply->len && response_id_valid(reply->str))
		return reply->str;
	log_warnx("the queue held \"%.64s\", which is no response's id; dropped", reply->str);
	drop_entry(lists, worker, (struct span){reply->str, reply->len});
	return NULL;
}

/* counter is what is counted by it, or empty. */
static void requeue(
    struct job_lists *lists, const char *worker, const char *id, bool anew, struct span counter)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, lists->space, worker);
	redis_args_script(&args, SCRIPT_REQUEUE, 11);
	redis_args_add(&args, key.name);
	redis_args_add(&args, lists->space->queue);
	redis_args_add(&args, lists->space->parked);
	redis_args_add(&args, lists->space->paused);
	redis_args_add(&args, lists->space->index_about);
	redis_args_add(&args, lists->space->counters);
	shares_args(&args, lists->space);
	redis_args_add(&args, id);
	redis_args_add(&args, anew ? "1" : "0");
	redis_args_add_span(&args, counter);
	job_lists_send(lists, &args);
}

void job_lists_requeue(struct job_lists *lists, const char *worker, const char *id, bool anew)
{
	requeue(lists, worker, id, anew, SPAN(""));
}

/*
 * What release.lua and reclaim.lua have said: whether somebody has yet to end the job. If not, its
 * id is dropped from the worker's list.
 */
static bool is_to_be_ended(const struct id_call *call, const char *worker, const redisReply *reply)
{
	struct job_lists *lists = call->lists;

	if (reply->type == REDIS_REPLY_STRING) {
		job_lists_drop(lists, worker, call->id, reply->str);
		return false;
	}
	if (reply->integer == JOB_GONE) {
		job_lists_drop(lists, worker, call->id, DROP_DELETED);
		return false;
	}
	return true;
}

/*
 * Counts a restart with the step that makes it: a worker that is lost again and again may not live
 * until its next beat.
 */
static void put_back(const struct id_call *call, bool freed)
{
	struct buf counter = {0};

	if (freed)
		counts_write_name(
		    &counter, METRIC_RESTARTED, restart_reason_word(call->reason), NULL);
	requeue(call->lists, call->worker, call->id, true, buf_span(&counter));
	buf_free(&counter);
}

/* After release or reclaim: the id goes back to the queue, or nowhere. */
static void on_freed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct job_lists *lists = call->lists;
	const redisReply *reply = data;

	(void)redis;
	if (!redis_client_failed(lists->commands, reply, "giving a job back") &&
	    is_to_be_ended(call, call->worker, reply))
		put_back(call, reply->integer == JOB_FREED);
	id_call_free(call);
	job_lists_change_closed(lists);
}

/* Calls a script that takes the job from its owner, by what only that owner is known by. */
static void free_job(struct job_lists *lists, struct redis_args *args, const char *worker,
    const char *id, enum restart_reason reason)
{
	struct id_call *call = id_call_new(lists, worker, id);

	call->reason = reason;
	if (!job_lists_send_change(lists, args, on_freed, call))
		id_call_free(call);
}

void job_lists_release(struct job_lists *lists, const char *id, long long fence, bool counted,
    enum restart_reason reason)
{
	struct redis_args args = {0};
	struct response_keys keys;

	response_keys(&keys, lists->space, id);
	redis_args_script(&args, SCRIPT_RELEASE, 2);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add_number(&args, fence);
	redis_args_add(&args, counted ? "1" : "0");
	redis_args_add(&args, restart_reason_word(reason));
	free_job(lists, &args, lists->self, id, reason);
}

void job_lists_note(struct job_lists *lists, const char *id, long long fence, const char *why)
{
	struct redis_args args = {0};
	struct response_keys keys;
	struct buf text = {0};

	counts_write_label(&text, span_of(why));
	response_keys(&keys, lists->space, id);
	redis_args_script(&args, SCRIPT_NOTE, 1);
	redis_args_add(&args, keys.job);
	redis_args_add_number(&args, fence);
	redis_args_add_span(&args, buf_span(&text));
	job_lists_send(lists, &args);
	buf_free(&text);
}

/* A worker takes its own jobs from itself when it ends. */
static enum restart_reason reclaim_reason(const struct job_lists *lists, const char *worker)
{
	return strcmp(worker, lists->self) == 0 ? RESTART_WORKER_STOPPED : RESTART_WORKER_LOST;
}

static void reclaim_args(const struct job_lists *lists, struct redis_args *args,
    struct response_keys *keys, const char *worker, const char *id)
{
	response_keys(keys, lists->space, id);
	redis_args_script(args, SCRIPT_RECLAIM, 2);
	redis_args_add(args, keys->response);
	redis_args_add(args, keys->job);
	redis_args_add(args, worker);
	redis_args_add(args, restart_reason_word(reclaim_reason(lists, worker)));
}

void job_lists_reclaim(struct job_lists *lists, const char *worker, const char *id)
{
	struct redis_args args = {0};
	struct response_keys keys;

	reclaim_args(lists, &args, &keys, worker, id);
	free_job(lists, &args, worker, id, reclaim_reason(lists, worker));
}

static void on_taken_from_lost(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct job_lists *lists = call->lists;
	const redisReply *reply = data;

	(void)redis;
	if (!redis_client_failed(lists->commands, reply, "reclaim") &&
	    is_to_be_ended(call, lists->self, reply)) {
		if (reply->integer == JOB_FREED)
			counts_add(&lists->counts->gathered, METRIC_RESTARTED,
			    restart_reason_word(RESTART_WORKER_LOST), NULL, 1);
		lists->freed(lists->ctx, call->id);
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
	if (!redis_client_failed(lists->commands, reply, "lapsed") && reply->integer == 1) {
		reclaim_args(lists, &args, &keys, call->worker, call->id);
		sent = job_lists_send_change(lists, &args, on_taken_from_lost, call);
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
	redis_args_add(&args, lists->space->workers);
	redis_args_add(&args, owner);
	if (!job_lists_send_change(lists, &args, on_lapsed, call))
		id_call_free(call);
}
