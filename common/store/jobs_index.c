#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/response/response.h"
#include "drop_args.h"
#include "jobs_internal.h"
#include "redis_args.h"
#include "redis_reply.h"

struct look_up {
	struct jobs *jobs;
	char id[RESPONSE_ID_MAX + 1];
};

/* Returns whether it is over. reply is its state, and what it has used, if that is known. */
static bool note_end(struct jobs *jobs, const char *id, const redisReply *reply)
{
	const redisReply *state = reply->element[0], *use = reply->element[1];

	if (state->type != REDIS_REPLY_STRING)
		job_end(jobs, id, DROP_DELETED, NULL);
	else if (response_status_is_terminal(response_status_find(reply_span(state))))
		job_end(jobs, id, state->str, use->type == REDIS_REPLY_STRING ? use->str : NULL);
	else
		return false;
	return true;
}

static void on_state(redisAsyncContext *redis, void *data, void *privdata)
{
	struct look_up *look_up = privdata;
	struct jobs *jobs = look_up->jobs;

	(void)redis;
	/* Others may have ended unnoticed as well, and hold seats. */
	if (!redis_client_failed(jobs->commands, data, "HMGET") &&
	    note_end(jobs, look_up->id, data) && !jobs->leaving)
		jobs_send_beat(jobs);
	free(look_up);
	job_lists_change_closed(&jobs->lists);
}

void jobs_look_up_open(struct jobs *jobs, const char *id)
{
	struct redis_args args = {0};
	struct response_keys keys;
	struct look_up *look_up;

	if (!response_id_valid(id))
		return;
	response_keys(&keys, &jobs->space, id);
	redis_args_add(&args, "HMGET");
	redis_args_add(&args, keys.job);
	redis_args_add(&args, "state");
	redis_args_add(&args, "use");
	look_up = xcalloc(1, sizeof(*look_up));
	look_up->jobs = jobs;
	snprintf(look_up->id, sizeof(look_up->id), "%s", id);
	if (redis_client_call(jobs->commands, &args, on_state, look_up))
		job_lists_change_opened(&jobs->lists);
	else
		free(look_up);
}
