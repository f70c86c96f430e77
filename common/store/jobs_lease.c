#include <time.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/provider/health.h"
#include "jobs_internal.h"
#include "redis_args.h"
#include "shares_args.h"

enum {
	LONGEST_BEAT_MS = HEALTH_READ_MS,
	BEATS_PER_LEASE = 3,
	SILENT_MS = 5000,       /* without an answer to a beat: the connection counts as hung */
	TAKE_SILENT_MS = 10000, /* the same, without one to a wait for the queue */
	SETTLE_MS = 3000,       /* others need this long to come back after Redis was away */
};

/* The elements of beat.lua's reply. */
enum { BEAT_DRAINS, BEAT_TIME, BEAT_OPEN, BEAT_MORE, BEAT_WORKERS };

bool jobs_are_settled(const struct jobs *jobs)
{
	return jobs->settled_ms >= SETTLE_MS ||
	       jobs->settled_ms >= jobs->config->lease_seconds * 1000;
}

bool jobs_have_lease(const struct jobs *jobs)
{
	return jobs->beaten_at != 0 &&
	       monotonic_ms() < jobs->beaten_at + jobs->config->lease_seconds * 1000LL;
}

/* Once for each change. */
static void heed_drain(struct jobs *jobs, bool draining)
{
	if (draining == jobs->draining)
		return;
	jobs->draining = draining;
	jobs->user->drain(jobs->user->ctx, draining);
}

static void on_beaten(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;
	size_t i;

	(void)redis;
	jobs->beating = false;
	if (redis_client_failed(jobs->commands, reply, "beat")) {
		/* Then nobody could beat, and the others need time to come back. */
		jobs->settled_ms = 0;
		jobs->silent_ms = reply != NULL ? 0 : jobs->silent_ms;
		return;
	}
	jobs->silent_ms = 0;
	jobs->beaten_at = jobs->beat_sent_at;
	jobs->drains_like[0] = '\0';
	beat_counts_answered(&jobs->counts, reply->element[BEAT_TIME]->integer);
	heed_drain(jobs, reply->element[BEAT_DRAINS]->integer == 1);
	jobs_take_next(jobs);
	if (!jobs->leaving)
		jobs_look_up_open(jobs, reply->element[BEAT_OPEN]->str);
	if (reply->element[BEAT_MORE]->integer == 1)
		jobs_send_beat(jobs);
	if (!jobs_are_settled(jobs))
		return;
	for (i = BEAT_WORKERS; i < reply->elements && !jobs->leaving; i++)
		job_lists_take_over(&jobs->lists, reply->element[i]->str);
}

/* How many jobs it works on at once. */
static int room(const struct jobs *jobs)
{
	return jobs->leaving || jobs->draining ? 0 : jobs->most_streams;
}

/* day is the caller's, and has to stay as long as the arguments do. */
static void beat_args(struct jobs *jobs, struct redis_args *args, struct usage_key *day)
{
	usage_key(day, &jobs->space, time(NULL));
	redis_args_script(args, SCRIPT_BEAT, 18);
	redis_args_add(args, jobs->space.workers);
	redis_args_add(args, jobs->space.workers_about);
	redis_args_add(args, jobs->space.draining);
	redis_args_add(args, jobs->space.counters);
	redis_args_add(args, jobs->space.index);
	redis_args_add(args, jobs->space.index_about);
	redis_args_add(args, jobs->space.index_ended);
	redis_args_add(args, jobs->space.rooms);
	redis_args_add(args, jobs->space.queue);
	shares_args(args, &jobs->space);
	redis_args_add(args, jobs->space.rates);
	redis_args_add(args, jobs->space.budgets);
	redis_args_add(args, jobs->space.relays);
	redis_args_add(args, day->name);
	redis_args_add(args, jobs->name);
	redis_args_add_number(args, jobs->config->lease_seconds * 1000LL);
	redis_args_add_number(args, jobs->streams);
	redis_args_add_span(args, buf_span(&jobs->about));
	redis_args_add(args, jobs->drains_like);
	beat_counts_send(&jobs->counts, args);
	redis_args_add_number(args, room(jobs));
}

void jobs_send_beat(struct jobs *jobs)
{
	struct redis_args args = {0};
	struct usage_key day;

	/* Nor when this worker has been forgotten: Redis would know it again. */
	if (jobs->beating || jobs->leave_step == LEAVE_DONE)
		return;
	jobs_read_health(jobs);
	beat_args(jobs, &args, &day);
	jobs->beat_sent_at = monotonic_ms();
	jobs->beating = redis_client_call(jobs->commands, &args, on_beaten, jobs);
}

static void on_beat(evutil_socket_t fd, short what, void *ctx)
{
	struct jobs *jobs = ctx;

	(void)fd;
	(void)what;
	if (!redis_client_is_up(jobs->commands))
		return;
	jobs->settled_ms += jobs->beat_ms;
	jobs->taking_ms += jobs->beat_ms;
	jobs->silent_ms += jobs->beat_ms;
	if (jobs->taking && jobs->taking_ms > TAKE_SILENT_MS)
		redis_client_reset(jobs->take, "no answer in time");
	if (jobs->silent_ms > SILENT_MS)
		redis_client_reset(jobs->commands, "no answer in time");
	else
		jobs_send_beat(jobs);
	if (monotonic_ms() - jobs->looked_at >= jobs->config->lease_seconds * 1000LL)
		jobs_look_at_own_list(jobs);
}

void jobs_begin_beating(struct jobs *jobs, struct event_base *base)
{
	int share = jobs->config->lease_seconds * 1000 / BEATS_PER_LEASE;
	struct timeval beat;

	jobs->beat_ms = share < LONGEST_BEAT_MS ? share : LONGEST_BEAT_MS;
	jobs->beat = event_new(base, -1, EV_PERSIST, on_beat, jobs);
	if (jobs->beat == NULL)
		fatalx("out of memory");
	beat = timeval_of_ms(jobs->beat_ms);
	event_add(jobs->beat, &beat);
}
