#include "event_feed.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "event_feed_internal.h"

enum {
	TICK_SECONDS = 1,
	/*
	 * Then a user looks without being told: that a response has expired is told to nobody, and
	 * Redis may forbid to publish.
	 */
	SILENT_MS = 10000,
};

void feed_queue_move(struct event_subscription *subscription, struct feed_queue *queue)
{
	if (subscription->queue != NULL)
		TAILQ_REMOVE(subscription->queue, subscription, place);
	subscription->queue = queue;
	TAILQ_INSERT_TAIL(queue, subscription, place);
}

void feed_wake(struct event_feed *feed)
{
	static const struct timeval now = {0, 0};

	if (!evtimer_pending(&feed->soon, NULL))
		evtimer_add(&feed->soon, &now);
}

void feed_look_soon(struct event_subscription *subscription)
{
	feed_queue_move(subscription, &subscription->feed->due);
	feed_wake(subscription->feed);
}

void feed_heard(struct event_subscription *subscription)
{
	subscription->heard_at = monotonic_ms();
	if (subscription->queue == &subscription->feed->silent)
		feed_queue_move(subscription, &subscription->feed->silent);
}

static void on_soon(evutil_socket_t fd, short what, void *ctx)
{
	struct event_feed *feed = ctx;
	struct event_subscription *subscription;

	(void)fd;
	(void)what;
	feed_reads_tell_lost(feed);
	while ((subscription = TAILQ_FIRST(&feed->due)) != NULL) {
		feed_queue_move(subscription, &feed->silent);
		feed_heard(subscription);
		subscription->user->look(subscription->ctx);
	}
}

static const enum script scripts[] = {SCRIPT_FOLLOW};

static void look_all(struct feed_queue *queue)
{
	while (!TAILQ_EMPTY(queue))
		feed_look_soon(TAILQ_FIRST(queue));
}

static void look_at_silent(struct event_feed *feed, long long now)
{
	struct event_subscription *subscription;

	while ((subscription = TAILQ_FIRST(&feed->silent)) != NULL &&
	       now - subscription->heard_at >= SILENT_MS)
		feed_look_soon(subscription);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct event_feed *feed = ctx;
	long long now = monotonic_ms();

	(void)fd;
	(void)what;
	feed_live_tick(feed, now);
	feed_reads_tick(feed, now);
	if (!redis_client_is_up(feed->reads))
		return;
	look_all(&feed->failed);
	look_at_silent(feed, now);
}

/*
 * What a server of a Cluster published last may be lost with it, though nothing else tells that to
 * those who listen at another.
 */
static void reads_up(void *ctx)
{
	struct event_feed *feed = ctx;

	look_all(&feed->failed);
	if (redis_client_is_cluster(feed->reads))
		look_all(&feed->silent);
}

struct event_feed *event_feed_new(struct event_base *base, const struct redis_config *config)
{
	struct event_feed *feed = xcalloc(1, sizeof(*feed));

	feed->base = base;
	feed->config = config;
	key_space_init(&feed->space, config->namespace);
	TAILQ_INIT(&feed->silent);
	TAILQ_INIT(&feed->failed);
	TAILQ_INIT(&feed->due);
	LIST_INIT(&feed->channels);
	TAILQ_INIT(&feed->waiting);
	TAILQ_INIT(&feed->sent);
	TAILQ_INIT(&feed->lost);
	feed->reads_user = (struct redis_client_user){.name = "stored events",
	    .scripts = scripts,
	    .script_count = sizeof(scripts) / sizeof(scripts[0]),
	    .up = reads_up,
	    .ctx = feed};
	evtimer_assign(&feed->soon, base, on_soon, feed);
	event_assign(&feed->tick, base, -1, EV_PERSIST, on_tick, feed);
	return feed;
}

static void free_subscriptions(struct feed_queue *queue)
{
	while (!TAILQ_EMPTY(queue))
		event_feed_unsubscribe(TAILQ_FIRST(queue));
}

void event_feed_free(struct event_feed *feed)
{
	if (feed == NULL)
		return;
	free_subscriptions(&feed->silent);
	free_subscriptions(&feed->failed);
	free_subscriptions(&feed->due);
	feed_live_close(feed);
	feed_reads_close(feed);
	topology_free(feed->topology);
	evtimer_del(&feed->soon);
	event_del(&feed->tick);
	free(feed);
}

struct event_subscription *event_feed_subscribe(
    struct event_feed *feed, const char *id, const struct event_feed_user *user, void *ctx)
{
	static const struct timeval second = {TICK_SECONDS, 0};
	struct event_subscription *subscription = xcalloc(1, sizeof(*subscription));

	if (feed->topology == NULL) {
		feed->topology = topology_new(feed->base, feed->config, "relay");
		feed_live_open(feed);
		feed_reads_open(feed);
	}
	if (feed->subscribed++ == 0)
		event_add(&feed->tick, &second);
	subscription->feed = feed;
	subscription->user = user;
	subscription->ctx = ctx;
	subscription->heard_at = monotonic_ms();
	feed_queue_move(subscription, &feed->silent);
	feed_live_join(subscription, id);
	return subscription;
}

void event_feed_unsubscribe(struct event_subscription *subscription)
{
	struct event_feed *feed = subscription->feed;

	feed_reading_call_off(subscription);
	feed_live_leave(subscription);
	TAILQ_REMOVE(subscription->queue, subscription, place);
	free(subscription);
	if (--feed->subscribed == 0)
		event_del(&feed->tick);
}
