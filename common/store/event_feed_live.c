#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "event_feed_internal.h"
#include "event_message.h"
#include "redis_reply.h"

enum { BEAT_MS = 5000, SILENCE_MS = 5000 };

/* Of channels by their keys, their first member. */
static int compare_names(const void *a, const void *b)
{
	const struct response_keys *one = a, *other = b;

	return strcmp(one->events, other->events);
}

static struct feed_channel *find_channel(struct event_feed *feed, const struct response_keys *keys)
{
	struct feed_channel **found = tfind(keys, &feed->channels_by_name, compare_names);

	return found != NULL ? *found : NULL;
}

static struct feed_channel *add_channel(struct event_feed *feed, const struct response_keys *keys)
{
	struct feed_channel *channel = xcalloc(1, sizeof(*channel));

	channel->keys = *keys;
	LIST_INIT(&channel->subscriptions);
	if (tsearch(channel, &feed->channels_by_name, compare_names) == NULL)
		fatalx("out of memory");
	LIST_INSERT_HEAD(&feed->channels, channel, link);
	return channel;
}

static void remove_channel(struct event_feed *feed, struct feed_channel *channel)
{
	tdelete(channel, &feed->channels_by_name, compare_names);
	LIST_REMOVE(channel, link);
	free(channel);
}

static void on_message(redisAsyncContext *redis, void *data, void *privdata);

static bool send_about(struct event_feed *feed, const char *command, const char *name)
{
	struct redis_args args = {0};

	redis_args_add(&args, command);
	redis_args_add(&args, name);
	return redis_client_call(feed->live, &args, on_message, feed);
}

/*
 * Has Redis know what is wanted of the channel. What cannot be sent is made good when the
 * connection has been made anew. Frees a channel that nobody wants.
 */
static void bring_up_to_date(struct event_feed *feed, struct feed_channel *channel)
{
	bool wanted = !LIST_EMPTY(&channel->subscriptions);

	if (wanted && channel->state == CHANNEL_UNKNOWN &&
	    send_about(feed, "SUBSCRIBE", channel->keys.events))
		channel->state = CHANNEL_JOINING;
	if (!wanted && channel->state == CHANNEL_JOINED &&
	    send_about(feed, "UNSUBSCRIBE", channel->keys.events))
		channel->state = CHANNEL_LEAVING;
	if (!wanted && channel->state == CHANNEL_UNKNOWN)
		remove_channel(feed, channel);
}

static void on_joined(struct event_feed *feed, struct feed_channel *channel)
{
	struct event_subscription *subscription;

	channel->state = CHANNEL_JOINED;
	subscription = LIST_FIRST(&channel->subscriptions);
	for (; subscription != NULL; subscription = LIST_NEXT(subscription, link))
		feed_look_soon(subscription);
	bring_up_to_date(feed, channel);
}

static void on_left(struct event_feed *feed, struct feed_channel *channel)
{
	channel->state = CHANNEL_UNKNOWN;
	bring_up_to_date(feed, channel);
}

/* Those that are called may leave, and others with them. */
static void on_published(
    struct event_feed *feed, struct feed_channel *channel, struct span published)
{
	struct event_subscription *subscription;
	struct event_message message;

	event_message_read(&message, published);
	feed->next = LIST_FIRST(&channel->subscriptions);
	while ((subscription = feed->next) != NULL) {
		feed->next = LIST_NEXT(subscription, link);
		feed_heard(subscription);
		if (message.look)
			feed_look_soon(subscription);
		if (message.count != 0)
			subscription->user->came(
			    subscription->ctx, message.first, message.count, message.events);
	}
}

static void about_channel(
    struct event_feed *feed, struct feed_channel *channel, const redisReply *reply)
{
	const char *kind = reply->element[0]->str;

	if (strcmp(kind, "message") == 0)
		on_published(feed, channel, reply_span(reply->element[2]));
	else if (strcmp(kind, "subscribe") == 0)
		on_joined(feed, channel);
	else if (strcmp(kind, "unsubscribe") == 0)
		on_left(feed, channel);
}

/*
 * The same function for all channels, which finds the one that is meant by its name: hiredis before
 * 1.0 may call that of another channel. Without a reply, each channel's connection has ended.
 */
static void on_message(redisAsyncContext *redis, void *data, void *privdata)
{
	struct event_feed *feed = privdata;
	const redisReply *reply = data;
	struct response_keys keys = {.events = ""};
	struct feed_channel *channel;
	struct span name;

	(void)redis;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return;
	name = reply_span(reply->element[1]);
	if (name.len == 0 || name.len >= sizeof(keys.events))
		return;
	if (span_is(name, feed->space.events_prefix)) {
		feed->beating = false;
		return;
	}
	memcpy(keys.events, name.p, name.len);
	channel = find_channel(feed, &keys);
	if (channel != NULL)
		about_channel(feed, channel, reply);
}

/*
 * To a channel that is subscribed to for as long as the connection lasts, though nothing is
 * published there. hiredis takes a connection without any channel for one without subscriptions,
 * and an answer to SUBSCRIBE that comes then ends the program. To subscribe to it again makes Redis
 * answer: PING, on such a connection, is not to be had from hiredis before 1.0.
 */
static void send_beat(struct event_feed *feed)
{
	feed->beating = send_about(feed, "SUBSCRIBE", feed->space.events_prefix);
	feed->beat_at = monotonic_ms();
}

void feed_live_tick(struct event_feed *feed, long long now)
{
	if (!redis_client_is_up(feed->live))
		return;
	if (!feed->beating && now - feed->beat_at >= BEAT_MS)
		send_beat(feed);
	else if (feed->beating && now - feed->beat_at >= SILENCE_MS)
		redis_client_reset(feed->live, "no answer in time");
}

static void live_up(void *ctx)
{
	struct event_feed *feed = ctx;
	struct feed_channel *channel = LIST_FIRST(&feed->channels), *next;

	send_beat(feed);
	for (; channel != NULL; channel = next) {
		next = LIST_NEXT(channel, link);
		bring_up_to_date(feed, channel);
	}
}

/* What Redis knew of us, it does not know any more. */
static void forget_state(struct event_feed *feed)
{
	struct feed_channel *channel = LIST_FIRST(&feed->channels), *next;

	for (; channel != NULL; channel = next) {
		next = LIST_NEXT(channel, link);
		channel->state = CHANNEL_UNKNOWN;
		if (LIST_EMPTY(&channel->subscriptions))
			remove_channel(feed, channel);
	}
}

static void live_down(void *ctx)
{
	struct event_feed *feed = ctx;

	feed->beating = false;
	forget_state(feed);
}

void feed_live_join(struct event_subscription *subscription, const char *id)
{
	struct event_feed *feed = subscription->feed;
	struct response_keys keys;
	struct feed_channel *channel;

	response_keys(&keys, &feed->space, id);
	channel = find_channel(feed, &keys);
	if (channel == NULL)
		channel = add_channel(feed, &keys);
	subscription->channel = channel;
	LIST_INSERT_HEAD(&channel->subscriptions, subscription, link);
	if (channel->state == CHANNEL_JOINED)
		feed_look_soon(subscription);
	bring_up_to_date(feed, channel);
}

void feed_live_leave(struct event_subscription *subscription)
{
	struct event_feed *feed = subscription->feed;

	if (feed->next == subscription)
		feed->next = LIST_NEXT(subscription, link);
	LIST_REMOVE(subscription, link);
	bring_up_to_date(feed, subscription->channel);
}

void feed_live_open(struct event_feed *feed)
{
	feed->live_user = (struct redis_client_user){.name = "live events",
	    .reach = REACH_ANY,
	    .up = live_up,
	    .down = live_down,
	    .ctx = feed};
	feed->live = redis_client_new(feed->topology, &feed->live_user);
}

void feed_live_close(struct event_feed *feed)
{
	redis_client_free(feed->live);
	forget_state(feed);
}
