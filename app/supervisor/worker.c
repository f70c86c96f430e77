#include "worker.h"

#include <signal.h>
#include <stdbool.h>

#include <event2/event.h>

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"
#include "common/base/title.h"
#include "common/store/jobs.h"
#include "common/store/webhooks.h"
#include "common/provider/roster.h"
#include "common/provider/upstream.h"
#include "courier.h"
#include "report.h"
#include "stream.h"
#include "stream_table.h"

enum {
	RENEWALS_PER_LEASE = 3,
	OTHER_DESCRIPTORS = 64, /* beside one for each stream and webhook */
	LONGEST_PAUSE_MS = 8000,
	LONGEST_RETRY_AFTER = 60, /* s */
	LEAVE_SECONDS = 2,        /* to give jobs back before going without */
};

struct worker {
	struct config *config;
	struct roster *roster; /* of config */
	struct seats *seats;
	const char *config_path;
	struct event_base *base;
	struct jobs *jobs;
	struct stream_host host;
	struct jobs_user jobs_user;
	struct stream_table streams;
	struct courier *courier;
	struct event *sigterm, *sigint, *sighup, *sigusr2, *renew, *drain, *show;
	bool shown_leased;
	bool draining; /* an operator wants its jobs given to others */
	bool stopping;
	bool leaving;
};

static void on_left(void *ctx)
{
	struct worker *worker = ctx;

	event_base_loopbreak(worker->base);
}

static void release_as_stopped(struct stream *stream)
{
	stream_release(stream, RESTART_WORKER_STOPPED);
}

static void release_as_drained(struct stream *stream)
{
	stream_release(stream, RESTART_DRAINED);
}

static void leave(struct worker *worker)
{
	static const struct timeval limit = {LEAVE_SECONDS, 0};

	if (worker->leaving)
		return;
	worker->leaving = true;
	if (worker->streams.count > 0)
		log_info("giving %d jobs back to the queue", worker->streams.count);
	stream_table_each(&worker->streams, release_as_stopped);
	courier_release(worker->courier);
	event_base_loopexit(worker->base, &limit);
	jobs_leave(worker->jobs);
}

static bool is_at_work(const struct worker *worker)
{
	return worker->streams.count > 0 || courier_load(worker->courier) > 0;
}

static void leave_if_done(struct worker *worker)
{
	if (worker->stopping && !is_at_work(worker))
		leave(worker);
}

static void on_courier_idle(void *ctx)
{
	leave_if_done(ctx);
}

static void log_stopping(const struct worker *worker)
{
	int webhooks = courier_load(worker->courier), seconds = worker->config->drain_seconds;

	if (webhooks == 0)
		log_info(
		    "stopping: %d streams have %d s to finish", worker->streams.count, seconds);
	else
		log_info("stopping: %d streams and %d webhooks have %d s to finish",
		    worker->streams.count, webhooks, seconds);
}

static void on_drain_over(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	leave(ctx);
}

static void on_stop(evutil_socket_t signal, short what, void *ctx)
{
	struct worker *worker = ctx;
	struct timeval limit = {worker->config->drain_seconds, 0};

	(void)signal;
	(void)what;
	jobs_accept(worker->jobs, 0);
	courier_stop(worker->courier);
	if (worker->stopping || !is_at_work(worker)) {
		leave(worker);
		return;
	}
	worker->stopping = true;
	log_stopping(worker);
	event_add(worker->drain, &limit);
}

static void update_room(struct worker *worker)
{
	int room = worker->config->max_streams - worker->streams.count;

	jobs_show(worker->jobs, worker->streams.count, worker->config->max_streams);
	jobs_accept(worker->jobs, worker->stopping || worker->draining ? 0 : room);
}

/* Keys must not expire, and a lost job must not go unnoticed, while a stream is quiet. */
static void arm_renewals(struct worker *worker)
{
	const struct config *config = worker->config;
	long ttl = config->polling.ttl, lease = config->lease_seconds;
	long ms = (ttl < lease ? ttl : lease) * 1000 / RENEWALS_PER_LEASE;
	struct timeval period = timeval_of_ms(ms);

	event_add(worker->renew, &period);
}

/* That are sent at once. */
static unsigned long long most_webhooks(const struct config *config)
{
	unsigned long long most = 0;

	for (size_t i = 0; i < config->webhooks.count; i++)
		most += (unsigned long long)config->webhooks.endpoints[i].max_parallel;
	return most;
}

static void raise_descriptor_limit(const struct config *config)
{
	unsigned long long wanted =
	    (unsigned long long)config->max_streams + most_webhooks(config) + OTHER_DESCRIPTORS;
	unsigned long long allowed = descriptors_allow(wanted);

	if (allowed < wanted)
		log_warnx("%llu file descriptors are too few for max_streams: %d, and webhooks;"
			  " raise the limit (ulimit -n) to %llu",
		    allowed, config->max_streams, wanted);
}

/* For the streams that start, and the webhooks that are claimed, from now on. */
static void use_config(struct worker *worker)
{
	roster_free(worker->roster);
	worker->roster = roster_new(worker->config, worker->seats);
	worker->host.roster = worker->roster;
	raise_descriptor_limit(worker->config);
	jobs_watch_health(worker->jobs, &worker->roster->health);
	jobs_use_webhooks(worker->jobs, worker->config);
	courier_use(worker->courier, worker->config);
}

static void on_hangup(evutil_socket_t signal, short what, void *ctx)
{
	struct worker *worker = ctx;

	(void)signal;
	(void)what;
	if (config_reload(&worker->config, worker->config_path, CONFIG_SUPERVISOR))
		use_config(worker);
	arm_renewals(worker);
	update_room(worker);
}

static void on_tell(evutil_socket_t signal, short what, void *ctx)
{
	const struct worker *worker = ctx;
	const struct worker_facts facts = {
	    .state = worker->stopping || worker->leaving ? "stopping"
		     : worker->draining                  ? "draining"
							 : "running",
	    .most_streams = worker->config->max_streams,
	    .leased = jobs_have_lease(worker->jobs),
	    .webhooks = courier_load(worker->courier),
	};

	(void)signal;
	(void)what;
	report_worker(&facts, &worker->streams);
}

static void on_claimed(void *ctx, const struct claimed_job *job)
{
	struct worker *worker = ctx;
	struct stream *stream = stream_table_find(&worker->streams, job->id);

	if (worker->leaving || (worker->draining && stream == NULL)) {
		job_release(worker->jobs, job->id, job->fence, false,
		    worker->leaving ? RESTART_WORKER_STOPPED : RESTART_DRAINED);
		return;
	}
	if (stream != NULL) {
		stream_adopt(stream, job);
		return;
	}
	stream = stream_start(&worker->host, job);
	if (stream != NULL)
		stream_table_add(&worker->streams, stream);
	update_room(worker);
}

static void on_stream_ended(void *ctx, struct stream *stream)
{
	struct worker *worker = ctx;

	stream_table_remove(&worker->streams, stream);
	update_room(worker);
	courier_look(worker->courier);
	leave_if_done(worker);
}

static void on_revoked(void *ctx, const char *id, bool deleted)
{
	struct worker *worker = ctx;
	struct stream *stream = stream_table_find(&worker->streams, id);

	if (stream != NULL)
		stream_revoke(stream, deleted);
}

static bool on_holds(void *ctx, const char *id)
{
	struct worker *worker = ctx;

	return stream_table_find(&worker->streams, id) != NULL;
}

static void on_up(void *ctx)
{
	struct worker *worker = ctx;

	stream_table_each(&worker->streams, stream_resume);
	courier_look(worker->courier);
}

static void on_renew(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *worker = ctx;

	(void)fd;
	(void)what;
	stream_table_each(&worker->streams, stream_renew);
}

/* What is read in the list of processes, by people and by health checks. */
static void show(struct worker *worker, bool leased)
{
	const char *program = !leased ? "respoold (no Redis)" : "respoold";

	title_set(worker->draining ? "respoold (draining)" : program, "worker");
	worker->shown_leased = leased;
}

static void on_drain(void *ctx, bool draining)
{
	struct worker *worker = ctx;

	worker->draining = draining;
	show(worker, jobs_have_lease(worker->jobs));
	update_room(worker);
	if (draining) {
		log_info("draining: giving %d jobs to other workers", worker->streams.count);
		stream_table_each(&worker->streams, release_as_drained);
	} else {
		log_info("draining no more: taking jobs again");
	}
}

static void on_show(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *worker = ctx;
	bool leased = jobs_have_lease(worker->jobs);

	(void)fd;
	(void)what;
	if (leased != worker->shown_leased)
		show(worker, leased);
}

/* errand_host.report */
static void on_report(void *ctx, const struct config *config, const struct deployment *deployment,
    bool failed, long long limit_ms)
{
	const struct worker *worker = ctx;

	jobs_report_health(worker->jobs, config, deployment, failed, limit_ms);
}

/* errand_host.called */
static void on_called(void *ctx, const struct deployment *deployment, enum call_outcome outcome)
{
	const struct worker *worker = ctx;

	counts_add(jobs_counts(worker->jobs), METRIC_PROVIDER_CALLS, deployment->label,
	    call_outcome_word(outcome), 1);
}

static struct event *new_event(struct worker *worker, int fd, short what, event_callback_fn fn)
{
	struct event *event = event_new(worker->base, fd, what, fn, worker);

	if (event == NULL)
		fatalx("out of memory");
	return event;
}

static void add_events(struct worker *worker)
{
	static const struct timeval show_period = {1, 0};
	sigset_t blocked;

	worker->sigterm = new_event(worker, SIGTERM, EV_SIGNAL | EV_PERSIST, on_stop);
	worker->sigint = new_event(worker, SIGINT, EV_SIGNAL | EV_PERSIST, on_stop);
	worker->sighup = new_event(worker, SIGHUP, EV_SIGNAL | EV_PERSIST, on_hangup);
	worker->sigusr2 = new_event(worker, SIGUSR2, EV_SIGNAL | EV_PERSIST, on_tell);
	worker->renew = new_event(worker, -1, EV_PERSIST, on_renew);
	worker->drain = new_event(worker, -1, 0, on_drain_over);
	worker->show = new_event(worker, -1, EV_PERSIST, on_show);
	event_add(worker->sigterm, NULL);
	event_add(worker->sigint, NULL);
	event_add(worker->sighup, NULL);
	event_add(worker->sigusr2, NULL);
	event_add(worker->show, &show_period);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	arm_renewals(worker);
}

static void free_events(struct worker *worker)
{
	event_free(worker->sigterm);
	event_free(worker->sigint);
	event_free(worker->sighup);
	event_free(worker->sigusr2);
	event_free(worker->renew);
	event_free(worker->drain);
	event_free(worker->show);
}

int worker_run(struct config *config, const char *path, const char *name, const char *predecessor,
    atomic_bool *advised)
{
	struct worker worker = {.config = config_hold(config), .config_path = path};
	int status = 1;

	show(&worker, false);
	signal(SIGPIPE, SIG_IGN);
	log_never_wait();
	worker.base = event_base_new();
	if (worker.base == NULL)
		fatalx("cannot set up the event loop");
	worker.jobs_user =
	    (struct jobs_user){on_claimed, on_revoked, on_holds, on_up, on_left, on_drain, &worker};
	worker.host =
	    (struct stream_host){.base = worker.base, .ended = on_stream_ended, .ctx = &worker};
	worker.host.errand = (struct errand_host){
	    .base = worker.base,
	    .upstream = upstream_new(worker.base, config->max_streams),
	    .report = on_report,
	    .called = on_called,
	    .ctx = &worker,
	    .patient = true,
	    .longest_pause_ms = LONGEST_PAUSE_MS,
	    .longest_retry_after = LONGEST_RETRY_AFTER,
	};
	if (worker.host.errand.upstream == NULL) {
		log_warnx("cannot set up libcurl");
		goto out;
	}
	worker.seats = seats_new();
	worker.jobs = jobs_new(worker.base, config, name, predecessor, &worker.jobs_user);
	worker.host.jobs = worker.jobs;
	worker.courier = courier_new(worker.base, worker.jobs, on_courier_idle, &worker);
	if (advised != NULL)
		jobs_advise(worker.jobs, advised);
	use_config(&worker);
	add_events(&worker);
	update_room(&worker);
	event_base_dispatch(worker.base);

	worker.host.errand.called = NULL; /* what still ends is told to nobody */
	jobs_free(worker.jobs);
	courier_free(worker.courier);
	stream_table_each(&worker.streams, stream_free);
	stream_table_close(&worker.streams);
	upstream_free(worker.host.errand.upstream);
	roster_free(worker.roster);
	seats_free(worker.seats);
	free_events(&worker);
	status = 0;
out:
	event_base_free(worker.base);
	config_free(worker.config);
	return status;
}
