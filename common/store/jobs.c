#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "redis_args.h"
#include "common/response/response_id.h"
#include "health_commands.h"
#include "job_lists.h"
#include "redis_link.h"
#include "redis_reply.h"

enum {
	CLAIM_ELEMENTS = 9,
	LONGEST_BEAT_MS = HEALTH_READ_MS,
	BEATS_PER_LEASE = 3,
	SILENT_MS = 5000,       /* without an answer to a beat: the connection counts as hung */
	LONGEST_TAKE_MS = 5000, /* of one wait for the queue */
	/*
	 * A wait must be over before the lease of a worker that is lost is: an id that came into
	 * the list of a worker that is forgotten would be found by nobody.
	 */
	TAKES_PER_LEASE = 2,
	TAKE_SILENT_MS = 10000,
	SETTLE_MS = 3000, /* others need this long to come back after Redis was away */
};

/* What a leaving worker does next. */
enum leave_step { LEAVE_GIVE_BACK, LEAVE_BURY, LEAVE_DONE };

struct jobs {
	struct config *config;
	const struct jobs_user *user;
	char name[WORKER_NAME_SIZE];
	char predecessor[WORKER_NAME_SIZE]; /* "" once taken over */
	struct running_key running;
	struct redis_link_user command_user, take_user, listen_user;
	struct redis_link *commands; /* scripts and all else that answers at once */
	struct redis_link *take;     /* waits for the queue */
	struct redis_link *listen;   /* hears of cancellations */
	struct event *beat;
	int room;               /* how many more jobs the worker can take */
	int claiming;           /* claims under way */
	bool beating;           /* a beat is under way */
	bool taking;            /* a BLMOVE is under way */
	int taking_ms;          /* since then */
	int beat_ms;            /* between two beats */
	long long beat_sent_at; /* ms, of the monotonic clock: the last beat */
	long long beaten_at;    /* the last one that Redis has answered, when it was sent */
	long long looked_at;    /* when this worker last looked at its own list */
	int take_ms;            /* of one wait for the queue */
	int silent_ms;          /* since the last answer to a beat */
	int settled_ms;         /* since the commands' link came up */
	struct health *health;  /* NULL until jobs_watch_health() */
	struct job_lists lists;
	long long take_client; /* what Redis calls the connection of take */
	bool leaving;
	enum leave_step leave_step;
};

static void look_at_own_list(struct jobs *jobs);

void job_drop(struct jobs *jobs, const char *id)
{
	job_lists_drop(&jobs->lists, jobs->name, id);
}

void jobs_look_again(struct jobs *jobs)
{
	if (!jobs->leaving)
		look_at_own_list(jobs);
}

void job_release(struct jobs *jobs, const char *id, long long fence, bool counted)
{
	job_lists_release(&jobs->lists, id, fence, counted);
}

/* ---- taking and claiming --------------------------------------------------------------------- */

static void take_next(struct jobs *jobs);

static void report_claim(struct jobs *jobs, const char *id, redisReply *const *e)
{
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
	    .follows = e[8]->type == REDIS_REPLY_STRING,
	};

	jobs->user->claimed(jobs->user->ctx, &job);
}

/* Whether all workers that are alive have had the time to show it. */
static bool is_settled(const struct jobs *jobs)
{
	return jobs->settled_ms >= SETTLE_MS ||
	       jobs->settled_ms >= jobs->config->lease_seconds * 1000;
}

static void claim_answered(struct jobs *jobs, const char *id, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == CLAIM_ELEMENTS)
		report_claim(jobs, id, reply->element);
	else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
		job_drop(jobs, id);
	else if (is_settled(jobs))
		job_lists_challenge(&jobs->lists, id, reply->element[0]->str);
}

static void on_claimed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct id_call *call = privdata;
	struct jobs *jobs = call->lists->ctx;

	(void)redis;
	jobs->claiming--;
	if (!redis_link_failed(jobs->commands, data, "claim"))
		claim_answered(jobs, call->id, data);
	id_call_free(call);
	take_next(jobs);
	job_lists_change_closed(&jobs->lists);
}

static void claim(struct jobs *jobs, const char *id)
{
	struct redis_args args = {0};
	struct response_keys keys;
	struct id_call *call;
	char slot[RESPONSE_STATUS_WIDTH + 1];

	response_keys(&keys, id);
	response_status_slot(slot, STATUS_IN_PROGRESS);
	redis_args_script(&args, SCRIPT_CLAIM, 2);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add(&args, jobs->name);
	redis_args_add_number(&args, RESPONSE_STATUS_OFFSET);
	redis_args_add(&args, slot);
	call = id_call_new(&jobs->lists, jobs->name, id);
	if (!redis_link_call(jobs->commands, &args, on_claimed, call)) {
		id_call_free(call);
		return;
	}
	jobs->claiming++;
	job_lists_change_opened(&jobs->lists);
}

static void taken(struct jobs *jobs, const redisReply *reply)
{
	const char *id = job_lists_id(&jobs->lists, jobs->name, reply);

	if (id == NULL || job_lists_busy(&jobs->lists, id) ||
	    jobs->user->holds(jobs->user->ctx, id))
		return;
	if (jobs->room > jobs->claiming)
		claim(jobs, id);
	else
		job_lists_requeue(&jobs->lists, jobs->name, id);
}

static void on_taken(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	jobs->taking = false;
	if (!redis_link_failed(jobs->take, reply, "BLMOVE")) {
		if (reply->type == REDIS_REPLY_STRING)
			taken(jobs, reply);
		take_next(jobs);
	}
	if (jobs->leaving)
		job_lists_change_closed(&jobs->lists);
}

/*
 * Whether this worker cannot be taken for lost before a wait for the queue that begins now is over.
 * What it takes when it has been forgotten would be found by nobody if it died.
 */
static bool lease_is_sure(const struct jobs *jobs)
{
	int lease_ms = jobs->config->lease_seconds * 1000;

	return redis_link_is_up(jobs->commands) &&
	       monotonic_ms() + jobs->take_ms < jobs->beaten_at + lease_ms;
}

static void take_next(struct jobs *jobs)
{
	struct redis_args args = {0};
	char seconds[16];

	if (jobs->room <= jobs->claiming || jobs->taking || !lease_is_sure(jobs))
		return;
	snprintf(seconds, sizeof(seconds), "%.3f", jobs->take_ms / 1000.0);
	redis_args_add(&args, "BLMOVE");
	redis_args_add(&args, KEY_QUEUE);
	redis_args_add(&args, jobs->running.name);
	redis_args_add(&args, "RIGHT");
	redis_args_add(&args, "LEFT");
	redis_args_add(&args, seconds);
	jobs->taking = redis_link_call(jobs->take, &args, on_taken, jobs);
	jobs->taking_ms = 0;
}

void jobs_accept(struct jobs *jobs, int room)
{
	jobs->room = jobs->leaving ? 0 : room;
	take_next(jobs);
}

/* ---- what this worker holds without knowing it ----------------------------------------------- */

static void on_own_list(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;
	size_t i;

	(void)redis;
	if (redis_link_failed(jobs->commands, reply, "LRANGE") || jobs->leaving)
		return;
	for (i = 0; i < reply->elements; i++) {
		const char *id = job_lists_id(&jobs->lists, jobs->name, reply->element[i]);

		if (id != NULL && !job_lists_busy(&jobs->lists, id) &&
		    !jobs->user->holds(jobs->user->ctx, id))
			claim(jobs, id);
	}
}

/* Ids may be there that came in while this worker did not look, or whose job is another's. */
static void look_at_own_list(struct jobs *jobs)
{
	jobs->looked_at = monotonic_ms();
	job_lists_read(&jobs->lists, jobs->name, on_own_list, jobs);
}

/* ---- the deployments' health ----------------------------------------------------------------- */

static void on_health(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	bool failed = redis_link_failed(jobs->commands, data, "health");

	(void)redis;
	if (jobs->health != NULL)
		health_take(jobs->health, failed ? NULL : data);
}

static void read_health(struct jobs *jobs)
{
	struct redis_args args = {0};

	if (jobs->health == NULL || !health_matters(jobs->health->config))
		return;
	health_read_args(&args);
	redis_link_call(jobs->commands, &args, on_health, jobs);
}

void jobs_watch_health(struct jobs *jobs, struct health *health)
{
	jobs->health = health;
	read_health(jobs);
}

void jobs_report_health(struct jobs *jobs, const struct config *config,
    const struct deployment *deployment, bool failed)
{
	struct redis_args args = {0};

	if (!health_matters(config))
		return;
	health_report_args(&args, config, deployment, failed);
	redis_link_call(jobs->commands, &args, on_health, jobs);
}

/* ---- leases ---------------------------------------------------------------------------------- */

static void on_beaten(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;
	size_t i;

	(void)redis;
	jobs->beating = false;
	if (redis_link_failed(jobs->commands, reply, "beat")) {
		/* Then nobody could beat, and the others need time to come back. */
		jobs->settled_ms = 0;
		jobs->silent_ms = reply != NULL ? 0 : jobs->silent_ms;
		return;
	}
	jobs->silent_ms = 0;
	jobs->beaten_at = jobs->beat_sent_at;
	take_next(jobs);
	if (!is_settled(jobs))
		return;
	for (i = 0; i < reply->elements && !jobs->leaving; i++)
		job_lists_take_over(&jobs->lists, reply->element[i]->str);
}

static void send_beat(struct jobs *jobs)
{
	struct redis_args args = {0};

	if (jobs->beating)
		return;
	read_health(jobs);
	redis_args_script(&args, SCRIPT_BEAT, 1);
	redis_args_add(&args, KEY_WORKERS);
	redis_args_add(&args, jobs->name);
	redis_args_add_number(&args, jobs->config->lease_seconds * 1000LL);
	jobs->beat_sent_at = monotonic_ms();
	jobs->beating = redis_link_call(jobs->commands, &args, on_beaten, jobs);
}

static void on_beat(evutil_socket_t fd, short what, void *ctx)
{
	struct jobs *jobs = ctx;

	(void)fd;
	(void)what;
	if (!redis_link_is_up(jobs->commands))
		return;
	jobs->settled_ms += jobs->beat_ms;
	jobs->taking_ms += jobs->beat_ms;
	jobs->silent_ms += jobs->beat_ms;
	if (jobs->taking && jobs->taking_ms > TAKE_SILENT_MS)
		redis_link_reset(jobs->take, "no answer in time");
	if (jobs->silent_ms > SILENT_MS)
		redis_link_reset(jobs->commands, "no answer in time");
	else
		send_beat(jobs);
	if (monotonic_ms() - jobs->looked_at >= jobs->config->lease_seconds * 1000LL)
		look_at_own_list(jobs);
}

/* ---- the three links ------------------------------------------------------------------------- */

static void commands_up(void *ctx)
{
	struct jobs *jobs = ctx;

	jobs->silent_ms = 0;
	jobs->settled_ms = 0;
	send_beat(jobs);
	look_at_own_list(jobs);
	if (jobs->predecessor[0] != '\0')
		job_lists_take_over(&jobs->lists, jobs->predecessor);
	jobs->predecessor[0] = '\0';
	take_next(jobs);
	jobs->user->up(jobs->user->ctx);
}

static void on_take_client(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	if (!redis_link_failed(jobs->take, reply, "CLIENT ID"))
		jobs->take_client = reply->integer;
}

static void take_up(void *ctx)
{
	struct jobs *jobs = ctx;
	struct redis_args args = {0};

	redis_args_add(&args, "CLIENT");
	redis_args_add(&args, "ID");
	redis_link_call(jobs->take, &args, on_take_client, jobs);
	/* A move whose reply was lost has left an id in our list. */
	if (redis_link_is_up(jobs->commands))
		look_at_own_list(jobs);
	take_next(jobs);
}

static void take_down(void *ctx)
{
	struct jobs *jobs = ctx;

	jobs->taking = false;
}

static void on_message(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return;
	if (strcmp(reply->element[0]->str, "message") == 0)
		jobs->user->revoked(jobs->user->ctx, reply->element[2]->str);
}

static void listen_up(void *ctx)
{
	struct jobs *jobs = ctx;
	struct redis_args args = {0};

	redis_args_add(&args, "SUBSCRIBE");
	redis_args_add(&args, CHANNEL_CANCEL);
	redis_link_call(jobs->listen, &args, on_message, jobs);
}

static void job_freed(void *ctx, const char *id)
{
	struct jobs *jobs = ctx;

	if (!jobs->leaving)
		claim(jobs, id);
}

/*
 * A leaving worker waits until nothing is under way, gives back what its list still holds, and
 * forgets itself last.
 */
static void lists_idle(void *ctx)
{
	struct jobs *jobs = ctx;

	if (!jobs->leaving)
		return;
	if (jobs->leave_step == LEAVE_DONE) {
		jobs->user->left(jobs->user->ctx);
		return;
	}
	job_lists_change_opened(&jobs->lists);
	if (jobs->leave_step++ == LEAVE_GIVE_BACK)
		job_lists_take_over(&jobs->lists, jobs->name);
	else
		job_lists_bury(&jobs->lists, jobs->name);
	job_lists_change_closed(&jobs->lists);
}

static int shorter(int a, int b)
{
	return a < b ? a : b;
}

struct jobs *jobs_new(struct event_base *base, struct config *config, const char *name,
    const char *predecessor, const struct jobs_user *user)
{
	struct jobs *jobs = xcalloc(1, sizeof(*jobs));
	int lease_ms = config->lease_seconds * 1000;
	struct timeval beat;

	jobs->config = config_hold(config);
	jobs->user = user;
	snprintf(jobs->name, sizeof(jobs->name), "%s", name);
	snprintf(jobs->predecessor, sizeof(jobs->predecessor), "%s",
	    predecessor != NULL ? predecessor : "");
	running_key(&jobs->running, name);
	jobs->command_user = (struct redis_link_user){"commands", true, commands_up, NULL, jobs};
	jobs->take_user = (struct redis_link_user){"queue", false, take_up, take_down, jobs};
	jobs->listen_user = (struct redis_link_user){"cancellations", false, listen_up, NULL, jobs};
	jobs->commands = redis_link_new(base, &config->redis, &jobs->command_user);
	jobs->take = redis_link_new(base, &config->redis, &jobs->take_user);
	jobs->listen = redis_link_new(base, &config->redis, &jobs->listen_user);
	jobs->lists = (struct job_lists){.commands = jobs->commands,
	    .self = jobs->name,
	    .idle = lists_idle,
	    .freed = job_freed,
	    .ctx = jobs};
	jobs->beat = event_new(base, -1, EV_PERSIST, on_beat, jobs);
	if (jobs->beat == NULL)
		fatalx("out of memory");
	jobs->take_ms = shorter(LONGEST_TAKE_MS, lease_ms / TAKES_PER_LEASE);
	jobs->beat_ms = shorter(LONGEST_BEAT_MS, lease_ms / BEATS_PER_LEASE);
	beat = (struct timeval){jobs->beat_ms / 1000, jobs->beat_ms % 1000 * 1000};
	event_add(jobs->beat, &beat);
	return jobs;
}

void jobs_free(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	jobs->leaving = false;
	event_free(jobs->beat);
	redis_link_free(jobs->take);
	redis_link_free(jobs->listen);
	redis_link_free(jobs->commands);
	config_free(jobs->config);
	free(jobs);
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum write_result flush_result(const redisReply *reply)
{
	switch (reply->integer) {
	case 1:
		return WRITE_DONE;
	case 2:
		return WRITE_MISMATCH;
	case 3:
		return WRITE_TAKEN;
	default:
		return WRITE_ENDED;
	}
}

static void on_flushed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct response_write *write = privdata;
	enum write_result result = WRITE_UNKNOWN;

	(void)redis;
	if (!redis_link_failed(write->jobs->commands, data, "flush"))
		result = flush_result(data);
	write->done(write->ctx, result);
}

static void add_whole(
    struct redis_args *args, const struct response_write *write, const struct document *doc)
{
	redis_args_add(args, "");
	redis_args_add_number(args, write->count + 1);
	redis_args_add_span(args, buf_span(&doc->text));
}

enum { KNOWN_SIZE = 48, ENDED_SIZE = 64 };

/* What is known of the stored text goes to known, which must live as long as args. */
static void add_patches(struct redis_args *args, const struct response_write *write,
    const struct document *doc, char known[KNOWN_SIZE])
{
	int i;

	snprintf(known, KNOWN_SIZE, "%zu %lld", doc->stored_len, write->count);
	redis_args_add(args, known);
	for (i = 0; i < doc->patch_count; i++) {
		const struct patch *patch = &doc->patches[i];

		redis_args_add_number(args, (long long)patch->offset);
		redis_args_add_span(
		    args, (struct span){doc->text.data + patch->offset, patch->len});
	}
}

static void add_end(struct redis_args *args, enum response_status terminal, const char *deployment,
    char ended[ENDED_SIZE])
{
	snprintf(ended, ENDED_SIZE, "%s%s%s", response_status_name(terminal),
	    deployment != NULL ? " " : "", deployment != NULL ? deployment : "");
	redis_args_add(args, ended);
}

/* The fence, and the open slots if the stored job does not know them. */
static void write_fence(struct buf *out, const struct response_write *write, long long fence,
    const struct fold *fold, struct span slots)
{
	buf_printf(out, "%lld", fence);
	if (!fold->doc.whole && span_eq(slots, buf_span(&write->slots)))
		return;
	buf_putc(out, ' ');
	buf_append_span(out, slots);
}

/* What has been sent is stored, unless the reply says otherwise. */
static void note_sent(struct response_write *write, struct document *doc, struct buf *slots)
{
	buf_free(&write->slots);
	write->slots = *slots;
	*slots = (struct buf){0};
	if (doc->whole || doc->patch_count > 0)
		write->count++;
	document_mark_stored(doc);
}

bool response_flush(struct response_write *write, const char *id, long long fence,
    struct fold *fold, enum response_status terminal, const char *deployment)
{
	struct document *doc = &fold->doc;
	struct redis_args args = {0};
	struct response_keys keys;
	struct buf slots = {0}, shown = {0};
	char known[KNOWN_SIZE], ended[ENDED_SIZE];
	bool sent;

	fold_open_slots(fold, &slots);
	write_fence(&shown, write, fence, fold, buf_span(&slots));
	response_keys(&keys, id);
	redis_args_script(&args, SCRIPT_FLUSH, 1);
	redis_args_add(&args, keys.job);
	redis_args_add_span(&args, buf_span(&shown));
	if (doc->whole)
		add_whole(&args, write, doc);
	else
		add_patches(&args, write, doc, known);
	if (terminal != STATUS_COUNT)
		add_end(&args, terminal, deployment, ended);
	sent = redis_link_call(write->jobs->commands, &args, on_flushed, write);
	if (sent)
		note_sent(write, doc, &slots);
	buf_free(&slots);
	buf_free(&shown);
	return sent;
}

void response_write_free(struct response_write *write)
{
	buf_free(&write->slots);
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void on_unblocked(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;

	(void)redis;
	redis_link_failed(jobs->commands, data, "CLIENT UNBLOCK");
	job_lists_change_closed(&jobs->lists);
}

/* Ends the wait for the queue, which could otherwise bring an id that nobody looks after. */
static void end_taking(struct jobs *jobs)
{
	struct redis_args args = {0};

	if (!jobs->taking)
		return;
	job_lists_change_opened(&jobs->lists);
	redis_args_add(&args, "CLIENT");
	redis_args_add(&args, "UNBLOCK");
	redis_args_add_number(&args, jobs->take_client);
	if (redis_link_call(jobs->commands, &args, on_unblocked, jobs))
		job_lists_change_opened(&jobs->lists);
}

void jobs_leave(struct jobs *jobs)
{
	jobs->room = 0;
	jobs->leaving = true;
	job_lists_change_opened(&jobs->lists);
	end_taking(jobs);
	job_lists_change_closed(&jobs->lists);
}
