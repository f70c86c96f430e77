#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "event_feed_internal.h"
#include "redis_reply.h"

enum {
	PAGE_BYTES = 65536,
	MOST_SENT = 32,   /* at once, so that no more than so many pages wait in memory */
	ANSWER_MS = 5000, /* that Redis may take */
};

struct feed_reading {
	struct event_feed *feed;
	struct event_subscription *subscription; /* NULL if it was called off */
	void (*done)(void *ctx, const struct event_page *page);
	long long from;
	long long sent_at; /* ms */
	struct feed_readings *list;
	TAILQ_ENTRY(feed_reading) place;
};

static void move(struct feed_reading *reading, struct feed_readings *list)
{
	if (reading->list != NULL)
		TAILQ_REMOVE(reading->list, reading, place);
	reading->list = list;
	TAILQ_INSERT_TAIL(list, reading, place);
}

static void free_reading(struct feed_reading *reading)
{
	TAILQ_REMOVE(reading->list, reading, place);
	if (reading->subscription != NULL)
		reading->subscription->reading = NULL;
	free(reading);
}

/* Its user is told when the loop turns. */
static void lose(struct feed_reading *reading)
{
	move(reading, &reading->feed->lost);
	feed_wake(reading->feed);
}

/* Tells the user, who may read again and may leave. */
static void finish(struct feed_reading *reading, const struct event_page *page)
{
	struct event_subscription *subscription = reading->subscription;
	void (*done)(void *ctx, const struct event_page *page) = reading->done;

	free_reading(reading);
	if (subscription != NULL)
		done(subscription->ctx, page);
}

static void answer(struct feed_reading *reading, const redisReply *reply)
{
	struct event_page page = {.result = PAGE_GONE, .status = STATUS_COUNT};
	const redisReply *events;
	struct span *spans;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4) {
		finish(reading, &page);
		return;
	}
	events = reply->element[3];
	spans = xcalloc(events->elements + 1, sizeof(*spans));
	for (size_t i = 0; i < events->elements; i++)
		spans[i] = reply_span(events->element[i]);
	page = (struct event_page){
	    .result = PAGE_READ,
	    .events = spans,
	    .count = events->elements,
	    .stored = reply->element[0]->integer,
	    .status = response_status_find(reply_span(reply->element[1])),
	    .object = reply_span(reply->element[2]),
	};
	finish(reading, &page);
	free(spans);
}

static void send_waiting(struct event_feed *feed);

static void on_page(redisAsyncContext *redis, void *data, void *privdata)
{
	struct feed_reading *reading = privdata;
	struct event_feed *feed = reading->feed;

	(void)redis;
	feed->sent_count--;
	if (redis_client_failed(feed->reads, data, "follow"))
		lose(reading);
	else
		answer(reading, data);
	send_waiting(feed);
}

static bool send_reading(struct feed_reading *reading)
{
	const struct response_keys *keys = &reading->subscription->channel->keys;
	struct redis_args args = {0};

	redis_args_script(&args, SCRIPT_FOLLOW, 3);
	redis_args_add(&args, keys->response);
	redis_args_add(&args, keys->job);
	redis_args_add(&args, keys->events);
	redis_args_add_number(&args, reading->from);
	redis_args_add_number(&args, PAGE_BYTES);
	return redis_client_call(reading->feed->reads, &args, on_page, reading);
}

static void send_waiting(struct event_feed *feed)
{
	struct feed_reading *reading;

	while (feed->sent_count < MOST_SENT && (reading = TAILQ_FIRST(&feed->waiting)) != NULL) {
		if (!send_reading(reading)) {
			lose(reading);
			continue;
		}
		reading->sent_at = monotonic_ms();
		feed->sent_count++;
		move(reading, &feed->sent);
	}
}

void event_feed_read(struct event_subscription *subscription, long long from,
    void (*done)(void *ctx, const struct event_page *page))
{
	struct feed_reading *reading = xcalloc(1, sizeof(*reading));

	feed_reading_call_off(subscription);
	reading->feed = subscription->feed;
	reading->subscription = subscription;
	reading->done = done;
	reading->from = from;
	subscription->reading = reading;
	move(reading, &reading->feed->waiting);
	send_waiting(reading->feed);
}

void feed_reading_call_off(struct event_subscription *subscription)
{
	struct feed_reading *reading = subscription->reading;

	if (reading == NULL)
		return;
	subscription->reading = NULL;
	reading->subscription = NULL;
	/* What was sent is in hiredis' hands. */
	if (reading->list != &reading->feed->sent)
		free_reading(reading);
}

void feed_reads_tell_lost(struct event_feed *feed)
{
	static const struct event_page failed = {.result = PAGE_FAILED, .status = STATUS_COUNT};
	struct feed_reading *reading = TAILQ_FIRST(&feed->lost);
	int count = 0;

	/* Not those that are lost while users are told: they may read again and again. */
	for (; reading != NULL; reading = TAILQ_NEXT(reading, place))
		count++;
	while (count-- > 0 && (reading = TAILQ_FIRST(&feed->lost)) != NULL) {
		struct event_subscription *subscription = reading->subscription;

		if (subscription != NULL && subscription->queue == &feed->silent)
			feed_queue_move(subscription, &feed->failed);
		finish(reading, &failed);
	}
}

void feed_reads_tick(struct event_feed *feed, long long now)
{
	struct feed_reading *oldest = TAILQ_FIRST(&feed->sent);

	if (oldest != NULL && now - oldest->sent_at >= ANSWER_MS)
		redis_client_reset(feed->reads, "no answer in time");
}

void feed_reads_open(struct event_feed *feed)
{
	feed->reads = redis_client_new(feed->topology, &feed->reads_user);
}

/* Nobody is subscribed any more, and so nobody waits for what was read. */
void feed_reads_close(struct event_feed *feed)
{
	redis_client_free(feed->reads);
	while (!TAILQ_EMPTY(&feed->lost))
		free_reading(TAILQ_FIRST(&feed->lost));
}
