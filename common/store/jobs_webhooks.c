#include "webhooks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "delivery_line.h"
#include "jobs_internal.h"
#include "metric_table.h"
#include "redis_args.h"
#include "redis_reply.h"

enum {
	CLAIM_NOW,
	CLAIM_PAUSE,
	CLAIM_FIRST, /* of ids and lines in turn */
	LONGEST_WHY = 256,
	WEEK_MS = 7 * 24 * 3600 * 1000,
};

/* What PTTL says in place of a time. */
enum { PTTL_GONE = -2, PTTL_STAYS = -1 };

/* A question or a report under way. */
struct webhook_call {
	struct jobs *jobs;
	union {
		webhook_subject_fn *subject;
		webhook_reported_fn *reported;
	} fn;
	void *ctx;
	const struct webhooks_user *user; /* of a claim */
	long long asked_at;               /* ms, of the monotonic clock */
	long long gone_at;                /* of a question: that of the delivery */
};

void jobs_use_webhooks(struct jobs *jobs, struct config *config)
{
	struct config *before = jobs->webhooks;

	jobs->webhooks = config_hold(config);
	jobs->lists.webhooks = config->webhooks.lines;
	config_free(before);
}

const char *webhook_outcome_word(enum webhook_outcome outcome)
{
	static const char *const words[] = {
	    [WEBHOOK_DELIVERED] = "delivered",
	    [WEBHOOK_TRY_FAILED] = "failed",
	    [WEBHOOK_DEAD] = "dead",
	    [WEBHOOK_DROPPED] = "dropped",
	    [WEBHOOK_RELEASED] = "released",
	};

	return words[outcome];
}

/* A leaving worker waits for the reply. */
static bool send_call(struct jobs *jobs, struct redis_args *args, redisCallbackFn *fn,
    const struct webhook_call *about)
{
	struct webhook_call *call = xcalloc(1, sizeof(*call));

	*call = *about;
	call->jobs = jobs;
	call->asked_at = monotonic_ms();
	if (!redis_client_call(jobs->commands, args, fn, call)) {
		free(call);
		return false;
	}
	job_lists_change_opened(&jobs->lists);
	return true;
}

static void close_call(struct webhook_call *call)
{
	struct jobs *jobs = call->jobs;

	free(call);
	job_lists_change_closed(&jobs->lists);
}

static void add_keys(struct redis_args *args, const struct key_space *space)
{
	redis_args_add(args, space->webhooks);
	redis_args_add(args, space->webhooks_about);
	redis_args_add(args, space->webhooks_dead);
	redis_args_add(args, space->webhooks_endpoints);
	redis_args_add(args, space->counters);
}

static void take_delivery(
    struct webhook_call *call, struct span id, struct span text, long long most_ahead_ms)
{
	struct webhook_delivery delivery;
	struct delivery_line line;

	if (!delivery_id_copy(delivery.id, id) || !delivery_line_read(&line, text)) {
		log_warnx("a delivery of a webhook is none: \"%.64s\"", id.len > 0 ? id.p : "");
		return;
	}
	memcpy(delivery.endpoint, line.endpoint, sizeof(delivery.endpoint));
	memcpy(delivery.response, line.response, sizeof(delivery.response));
	delivery.how = line.how;
	delivery.ended_at = line.ended_at;
	delivery.gone_at = line.gone_at - most_ahead_ms;
	delivery.tries = (int)(line.tries < INT_MAX ? line.tries : INT_MAX);
	delivery.claim = line.claims;
	call->user->claimed(call->user->ctx, &delivery);
}

static bool is_claim(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements >= CLAIM_FIRST &&
	       reply->element[CLAIM_NOW]->type == REDIS_REPLY_INTEGER &&
	       reply->element[CLAIM_PAUSE]->type == REDIS_REPLY_INTEGER;
}

/*
 * Redis' clock is ahead of this process' by what is between its time and when it was asked, at
 * most, and when the answer came, at least. So that none that has expired is taken for deleted,
 * each time that is reckoned from Redis' clock, or into it, is rather too early.
 */
static void take_claimed(struct webhook_call *call, const redisReply *reply)
{
	long long redis_now = reply->element[CLAIM_NOW]->integer;

	call->jobs->redis_ahead_ms = redis_now - monotonic_ms();
	for (size_t i = CLAIM_FIRST; i + 1 < reply->elements; i += 2)
		take_delivery(call, reply_span(reply->element[i]),
		    reply_span(reply->element[i + 1]), redis_now - call->asked_at);
}

static void on_claimed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct webhook_call *call = privdata;
	struct jobs *jobs = call->jobs;
	const redisReply *reply = data;
	long long pause = -1;

	(void)redis;
	if (!redis_client_failed(jobs->commands, reply, "claiming webhooks") && is_claim(reply)) {
		take_claimed(call, reply);
		pause = reply->element[CLAIM_PAUSE]->integer;
	}
	call->user->done(call->user->ctx, pause);
	close_call(call);
}

static void write_rooms(struct buf *out, const struct webhook_room *rooms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s %d %d %s\n", rooms[i].endpoint->name, rooms[i].free,
		    rooms[i].most, rooms[i].endpoint->digest);
}

bool jobs_claim_webhooks(struct jobs *jobs, const struct webhook_room *rooms, size_t count,
    const struct webhooks_user *user)
{
	struct redis_args args = {0};
	struct buf lines = {0};
	bool sent;

	write_rooms(&lines, rooms, count);
	redis_args_script(&args, SCRIPT_WEBHOOKS_CLAIM, 5);
	add_keys(&args, &jobs->space);
	redis_args_add_span(&args, buf_span(&lines));
	redis_args_add_number(&args, DELIVERY_LEASE_MS);
	redis_args_add(&args, metric_line(METRIC_WEBHOOK_DELIVERIES)->name);
	sent = send_call(jobs, &args, on_claimed, &(struct webhook_call){.user = user});
	buf_free(&lines);
	return sent;
}

/*
 * Whether a missing response may have expired. Redis may have taken its time to say so, and the end
 * may have been noted when its worker was lost, for longer than a lease after the key was given its
 * time to live.
 */
static bool may_have_expired(const struct webhook_call *call)
{
	long long late_ms = 2LL * call->jobs->config->lease_seconds * 1000;

	return monotonic_ms() >= call->gone_at - late_ms;
}

static enum webhook_subject subject_of(
    const struct webhook_call *call, const redisReply *reply, long long *gone_at)
{
	if (redis_client_failed(call->jobs->commands, reply, "PTTL") ||
	    reply->type != REDIS_REPLY_INTEGER)
		return SUBJECT_UNKNOWN;
	if (reply->integer == PTTL_GONE)
		return may_have_expired(call) ? SUBJECT_THERE : SUBJECT_DELETED;
	*gone_at =
	    call->asked_at + (reply->integer == PTTL_STAYS ? (long long)WEEK_MS : reply->integer);
	return SUBJECT_THERE;
}

static void on_subject(redisAsyncContext *redis, void *data, void *privdata)
{
	struct webhook_call *call = privdata;
	long long gone_at = call->gone_at;
	enum webhook_subject subject = subject_of(call, data, &gone_at);

	(void)redis;
	call->fn.subject(call->ctx, subject, gone_at);
	close_call(call);
}

bool jobs_look_for_subject(
    struct jobs *jobs, const struct webhook_delivery *delivery, webhook_subject_fn *fn, void *ctx)
{
	const struct webhook_call about = {
	    .fn.subject = fn, .ctx = ctx, .gone_at = delivery->gone_at};
	struct redis_args args = {0};
	struct response_keys keys;

	response_keys(&keys, &jobs->space, delivery->response);
	redis_args_add(&args, "PTTL");
	redis_args_add(&args, keys.response);
	return send_call(jobs, &args, on_subject, &about);
}

static bool is_numbers(const redisReply *reply, size_t count)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (reply->element[i]->type != REDIS_REPLY_INTEGER)
			return false;
	}
	return true;
}

static void on_reported(redisAsyncContext *redis, void *data, void *privdata)
{
	struct webhook_call *call = privdata;
	struct webhook_reported reported = {0};
	const redisReply *reply = data;

	(void)redis;
	reported.known = !redis_client_failed(call->jobs->commands, reply, "reporting a webhook");
	if (reported.known && is_numbers(reply, 3)) {
		reported.counted = true;
		reported.failures = (int)reply->element[1]->integer;
		reported.rests = reply->element[2]->integer;
	}
	call->fn.reported(call->ctx, &reported);
	close_call(call);
}

static void add_report(
    struct redis_args *args, const struct jobs *jobs, const struct webhook_report *report)
{
	const struct webhook_delivery *delivery = report->delivery;
	long long gone = delivery->gone_at + jobs->redis_ahead_ms;

	redis_args_add(args, delivery->id);
	redis_args_add_number(args, delivery->claim);
	redis_args_add(args, webhook_outcome_word(report->outcome));
	redis_args_add(args, metric_line(METRIC_WEBHOOK_DELIVERIES)->name);
	redis_args_add_number(args, gone > 0 ? gone : 0);
	redis_args_add_number(args, report->pause_ms);
	redis_args_add_span(
	    args, (struct span){report->why, utf8_fitting(report->why, LONGEST_WHY)});
	redis_args_add_number(args, report->alone_ms);
	redis_args_add(args, report->off);
}

bool jobs_report_webhook(
    struct jobs *jobs, const struct webhook_report *report, webhook_reported_fn *fn, void *ctx)
{
	struct redis_args args = {0};

	redis_args_script(&args, SCRIPT_WEBHOOKS_REPORT, 5);
	add_keys(&args, &jobs->space);
	add_report(&args, jobs, report);
	return send_call(
	    jobs, &args, on_reported, &(struct webhook_call){.fn.reported = fn, .ctx = ctx});
}
