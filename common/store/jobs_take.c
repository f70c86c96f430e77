#include <stdio.h>

#include "common/base/clock.h"
#include "jobs_internal.h"
#include "redis_args.h"

enum {
	LONGEST_TAKE_MS = 5000, /* of one wait for the queue */
	/*
	 * A wait must be over before the lease of a worker that is lost is: an id that came into
	 * the list of a worker that is forgotten would be found by nobody.
	 */
	TAKES_PER_LEASE = 2,
};

static void taken(struct jobs *jobs, const redisReply *reply)
{
	const char *id = job_lists_id(&jobs->lists, jobs->name, reply);

	if (id == NULL || job_lists_busy(&jobs->lists, id) ||
	    jobs->user->holds(jobs->user->ctx, id))
		return;
	if (jobs->room > jobs->claiming)
		jobs_claim(jobs, id);
	else
		job_lists_requeue(&jobs->lists, jobs->name, id, false);
}

static void on_taken(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	jobs->taking = false;
	if (!redis_client_failed(jobs->take, reply, "BLMOVE")) {
		if (reply->type == REDIS_REPLY_STRING)
			taken(jobs, reply);
		jobs_take_next(jobs);
	}
	if (jobs->leaving)
		job_lists_change_closed(&jobs->lists);
}

static int lease_ms(const struct jobs *jobs)
{
	return jobs->config->lease_seconds * 1000;
}

/* How long one wait for the queue is. */
static int take_ms(const struct jobs *jobs)
{
	int share = lease_ms(jobs) / TAKES_PER_LEASE;

	return share < LONGEST_TAKE_MS ? share : LONGEST_TAKE_MS;
}

/*
 * Whether this worker cannot be taken for lost before a wait for the queue that begins now is over.
 * What it takes when it has been forgotten would be found by nobody if it died.
 */
static bool lease_is_sure(const struct jobs *jobs)
{
	return redis_client_is_up(jobs->commands) &&
	       monotonic_ms() + take_ms(jobs) < jobs->beaten_at + lease_ms(jobs);
}

void jobs_take_next(struct jobs *jobs)
{
	struct redis_args args = {0};
	char seconds[16];

	if (jobs->room <= jobs->claiming || jobs->taking || !lease_is_sure(jobs))
		return;
	snprintf(seconds, sizeof(seconds), "%.3f", take_ms(jobs) / 1000.0);
	redis_args_add(&args, "BLMOVE");
	redis_args_add(&args, jobs->space.queue);
	redis_args_add(&args, jobs->running.name);
	redis_args_add(&args, "RIGHT");
	redis_args_add(&args, "LEFT");
	redis_args_add(&args, seconds);
	jobs->taking = redis_client_call(jobs->take, &args, on_taken, jobs);
	jobs->taking_ms = 0;
}

void jobs_accept(struct jobs *jobs, int room)
{
	jobs->room = jobs->leaving ? 0 : room;
	jobs_take_next(jobs);
}
