#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/response/response.h"
#include "drop_args.h"
#include "jobs_internal.h"
#include "redis_args.h"
#include "redis_reply.h"

/* The first of them always; behind them may stand how many events are stored, and these. */
enum { CLAIM_ELEMENTS = 14, CLAIM_TOLD = 14, CLAIM_EVENTS = 15 };

/* The caller frees them. */
static struct span *claimed_events(const redisReply *events)
{
	struct span *spans = xcalloc(events->elements, sizeof(*spans));

	for (size_t i = 0; i < events->elements; i++)
		spans[i] = reply_span(events->element[i]);
	return spans;
}

static void report_claim(struct jobs *jobs, const char *id, const redisReply *reply)
{
	redisReply *const *e = reply->element;
	struct span *events = NULL;
	struct claimed_job job = {
	    .id = id,
	    .fence = e[0]->integer,
	    .attempts = e[1]->integer,
	    .model = reply_span(e[2]),
	    .request = reply_span(e[3]),
	    .input = reply_span(e[4]),
	    .object = reply_span(e[5]),
	    .context = reply_span(e[6]),
	    .deployment = reply_span(e[7]),
	    .stays = e[8]->type == REDIS_REPLY_STRING,
	    .headers = reply_span(e[9]),
	    .tenant = reply_span(e[10]),
	    .age_ms = e[11]->integer,
	    .waited_ms = e[12]->integer,
	    .request_id = reply_span(e[13]),
	};

	if (reply->elements > CLAIM_TOLD) {
		job.streamed = true;
		job.told = e[CLAIM_TOLD]->integer;
	}
	if (reply->elements > CLAIM_EVENTS) {
		job.events = events = claimed_events(e[CLAIM_EVENTS]);
		job.event_count = e[CLAIM_EVENTS]->elements;
	}
	jobs->user->claimed(jobs->user->ctx, &job);
	free(events);
}

static void claim_answered(struct jobs *jobs, const char *id, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= CLAIM_ELEMENTS)
		report_claim(jobs, id, reply);
	else if (reply->type == REDIS_REPLY_STRING)
		job_end(jobs, id, reply->str, NULL);
	else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
		job_end(jobs, id, DROP_DELETED, NULL);
	else if (jobs_are_settled(jobs))
		job_lists_challenge(&jobs->lists, id, reply->element[0]->str);
}

static void on_claimed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct jobs *jobs = call->lists->ctx;

	(void)redis;
	jobs->claiming--;
	if (!redis_client_failed(jobs->commands, data, "claim"))
		claim_answered(jobs, call->id, data);
	else
		jobs->looked_at = 0; /* that it is tried again soon */
	id_call_free(call);
	jobs_take_next(jobs);
	job_lists_change_closed(&jobs->lists);
}

void jobs_claim(struct jobs *jobs, const char *id)
{
	struct redis_args args = {0};
	struct response_keys keys;
	struct id_call *call;
	char slot[RESPONSE_STATUS_WIDTH + 1];

	response_keys(&keys, &jobs->space, id);
	response_status_slot(slot, STATUS_IN_PROGRESS);
	redis_args_script(&args, SCRIPT_CLAIM, 3);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add(&args, keys.events);
	redis_args_add(&args, jobs->name);
	redis_args_add_number(&args, RESPONSE_STATUS_OFFSET);
	redis_args_add(&args, slot);
	call = id_call_new(&jobs->lists, jobs->name, id);
	if (!redis_client_call(jobs->commands, &args, on_claimed, call)) {
		id_call_free(call);
		return;
	}
	jobs->claiming++;
	job_lists_change_opened(&jobs->lists);
}

static void on_own_list(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;
	size_t i;

	(void)redis;
	if (redis_client_failed(jobs->commands, reply, "LRANGE") || jobs->leaving)
		return;
	for (i = 0; i < reply->elements; i++) {
		const char *id = job_lists_id(&jobs->lists, jobs->name, reply->element[i]);

		if (id == NULL || job_lists_busy(&jobs->lists, id) ||
		    jobs->user->holds(jobs->user->ctx, id))
			continue;
		if (jobs->room > jobs->claiming)
			jobs_claim(jobs, id);
		else
			job_lists_requeue(&jobs->lists, jobs->name, id, false);
	}
}

void jobs_look_at_own_list(struct jobs *jobs)
{
	jobs->looked_at = monotonic_ms();
	job_lists_read(&jobs->lists, jobs->name, on_own_list, jobs);
}

void jobs_look_again(struct jobs *jobs)
{
	if (!jobs->leaving)
		jobs_look_at_own_list(jobs);
}
