#include "job_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "job_lists_internal.h"
#include "redis_args.h"

enum { TELL_AGAIN_MS = 60000 };

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

bool job_lists_send_change(
    struct job_lists *lists, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	if (!redis_client_call(lists->commands, args, fn, privdata))
		return false;
	job_lists_change_opened(lists);
	return true;
}

static void on_changed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct job_lists *lists = privdata;

	(void)redis;
	redis_client_failed(lists->commands, data, "moving an id");
	job_lists_change_closed(lists);
}

void job_lists_send(struct job_lists *lists, struct redis_args *args)
{
	job_lists_send_change(lists, args, on_changed, lists);
}

void job_lists_bury(struct job_lists *lists, const char *worker)
{
	struct redis_args args = {0};
	struct running_key key;
	struct buf rest = {0};
	bool own = strcmp(worker, lists->self) == 0;

	running_key(&key, lists->space, worker);
	redis_args_script(&args, SCRIPT_BURY, 7);
	redis_args_add(&args, lists->space->workers);
	redis_args_add(&args, key.name);
	redis_args_add(&args, lists->space->workers_about);
	redis_args_add(&args, lists->space->draining);
	redis_args_add(&args, lists->space->counters);
	redis_args_add(&args, lists->space->rooms);
	redis_args_add(&args, lists->space->shares);
	redis_args_add(&args, worker);
	redis_args_add(&args, own ? "1" : "0");
	if (own) {
		counts_take(&lists->counts->gathered, &rest);
		redis_args_add_span(&args, buf_span(&rest));
		beat_counts_send(lists->counts, &args);
	}
	job_lists_send(lists, &args);
	buf_free(&rest);
}

bool job_lists_read(
    struct job_lists *lists, const char *worker, redisCallbackFn *fn, void *privdata)
{
	struct redis_args args = {0};
	struct running_key key;

	running_key(&key, lists->space, worker);
	redis_args_add(&args, "LRANGE");
	redis_args_add(&args, key.name);
	redis_args_add(&args, "0");
	redis_args_add(&args, "-1");
	return redis_client_call(lists->commands, &args, fn, privdata);
}

/* One whose jobs cannot all be reached is found again and again. */
static void log_take_over(struct job_lists *lists, const char *worker, size_t count)
{
	long long now = monotonic_ms();

	if (strcmp(lists->told, worker) == 0 && now - lists->told_at < TELL_AGAIN_MS)
		return;
	log_info("taking over %zu jobs of worker %s", count, worker);
	snprintf(lists->told, sizeof(lists->told), "%s", worker);
	lists->told_at = now;
}

static void take_ids(struct job_lists *lists, const char *worker, const redisReply *ids)
{
	size_t i;

	if (ids->elements > 0)
		log_take_over(lists, worker, ids->elements);
	for (i = 0; i < ids->elements; i++) {
		const char *id = job_lists_id(lists, worker, ids->element[i]);

		if (id != NULL)
			job_lists_reclaim(lists, worker, id);
	}
	if (ids->elements == 0 && strcmp(worker, lists->self) != 0)
		job_lists_bury(lists, worker);
}

static void on_list(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct job_lists *lists = call->lists;

	(void)redis;
	if (!redis_client_failed(lists->commands, data, "LRANGE"))
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
