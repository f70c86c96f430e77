#include "relay_beat.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include <event2/event_struct.h>

#include "beat_counts.h"
#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "process_about.h"
#include "redis_args.h"
#include "shares_args.h"

enum { SILENT_MS = 5000 }; /* without an answer: the connection counts as hung */

struct relay_beat {
	struct redis_client *redis;
	const struct key_space *space;
	char name[WORKER_NAME_SIZE];
	struct buf about;
	struct event timer; /* the next beat; when leaving, the end of waiting */
	int streams;
	struct beat_counts counts;
	long long sent_at; /* ms, of the monotonic clock: of the one under way */
	bool beating;      /* one is under way */
	bool parting;      /* which says that the relay ends */
	bool leaving;
	void (*left)(void *ctx); /* NULL once called */
	void *ctx;
};

static void name_relay(char name[WORKER_NAME_SIZE])
{
	unsigned long long number = 0;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		fatal("getrandom");
	snprintf(name, WORKER_NAME_SIZE, "%016llx", number);
}

static void say_left(struct relay_beat *beat)
{
	void (*left)(void *ctx) = beat->left;

	beat->left = NULL;
	evtimer_del(&beat->timer);
	if (left != NULL)
		left(beat->ctx);
}

static void send_beat(struct relay_beat *beat);

static void on_beaten(redisAsyncContext *redis, void *data, void *privdata)
{
	struct relay_beat *beat = privdata;
	const redisReply *reply = data;
	bool failed = redis_client_failed(beat->redis, reply, "beat");

	(void)redis;
	beat->beating = false;
	if (!failed)
		beat_counts_answered(&beat->counts, reply->integer);
	if (!beat->leaving)
		return;
	if (failed || (beat->parting && !beat_counts_has_more(&beat->counts)))
		say_left(beat);
	else
		send_beat(beat);
}

static bool call_script(struct relay_beat *beat)
{
	struct redis_args args = {0};
	struct usage_key day;

	usage_key(&day, beat->space, time(NULL));
	redis_args_script(&args, SCRIPT_RELAY_BEAT, 13);
	redis_args_add(&args, beat->space->relays);
	redis_args_add(&args, beat->space->relays_about);
	redis_args_add(&args, beat->space->counters);
	redis_args_add(&args, beat->space->queue);
	shares_args(&args, beat->space);
	redis_args_add(&args, beat->space->index_about);
	redis_args_add(&args, beat->space->rates);
	redis_args_add(&args, beat->space->budgets);
	redis_args_add(&args, day.name);
	redis_args_add(&args, beat->name);
	redis_args_add_number(&args, beat->parting ? 0 : RELAY_LEASE_MS);
	redis_args_add_number(&args, beat->streams);
	redis_args_add_span(&args, buf_span(&beat->about));
	beat_counts_send(&beat->counts, &args);
	return redis_client_call(beat->redis, &args, on_beaten, beat);
}

static void send_beat(struct relay_beat *beat)
{
	if (beat->beating)
		return;
	beat->parting = beat->leaving;
	beat->sent_at = monotonic_ms();
	beat->beating = call_script(beat);
	if (beat->leaving && !beat->beating)
		say_left(beat);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct relay_beat *beat = ctx;

	(void)fd;
	(void)what;
	if (beat->leaving) {
		say_left(beat);
		return;
	}
	timer_set(&beat->timer, RELAY_BEAT_MS);
	if (beat->beating && monotonic_ms() - beat->sent_at > SILENT_MS)
		redis_client_reset(beat->redis, "no answer in time");
	else
		send_beat(beat);
}

struct relay_beat *relay_beat_new(
    struct event_base *base, struct redis_client *redis, const struct key_space *space)
{
	struct relay_beat *beat = xcalloc(1, sizeof(*beat));

	beat->redis = redis;
	beat->space = space;
	name_relay(beat->name);
	process_about_write(&beat->about);
	evtimer_assign(&beat->timer, base, on_timer, beat);
	return beat;
}

void relay_beat_free(struct relay_beat *beat)
{
	evtimer_del(&beat->timer);
	buf_free(&beat->about);
	beat_counts_free(&beat->counts);
	free(beat);
}

void relay_beat_up(struct relay_beat *beat)
{
	if (beat->leaving)
		return;
	timer_set(&beat->timer, RELAY_BEAT_MS);
	send_beat(beat);
}

void relay_beat_show(struct relay_beat *beat, int streams)
{
	beat->streams = streams;
}

const char *relay_beat_name(const struct relay_beat *beat)
{
	return beat->name;
}

struct use_sums *relay_beat_uses(struct relay_beat *beat)
{
	return &beat->counts.uses;
}

struct counts *relay_beat_counts(struct relay_beat *beat)
{
	return &beat->counts.gathered;
}

void relay_beat_leave(struct relay_beat *beat, void (*left)(void *ctx), void *ctx)
{
	beat->leaving = true;
	beat->left = left;
	beat->ctx = ctx;
	timer_set(&beat->timer, RELAY_LEAVE_MS);
	send_beat(beat);
}
