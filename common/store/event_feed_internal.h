/*
 * What the parts of the feed share. event_feed.c makes it and calls its users to look;
 * event_feed_live.c hears what is published, event_feed_read.c reads what is stored.
 */
#ifndef RESPOOL_EVENT_FEED_INTERNAL_H
#define RESPOOL_EVENT_FEED_INTERNAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "event_feed.h"
#include "keys.h"
#include "redis_client.h"

LIST_HEAD(feed_subscriptions, event_subscription);

/*
 * What is subscribed to. No two commands about a channel are under way at once: hiredis, which has
 * a table of its own, would take the answer to the first for one to the second.
 */
struct feed_channel {
	struct response_keys keys; /* that of the events is the channel's name */
	enum {
		CHANNEL_UNKNOWN, /* Redis does not know that we want it */
		CHANNEL_JOINING,
		CHANNEL_JOINED,
		CHANNEL_LEAVING
	} state;
	LIST_ENTRY(feed_channel) link;
	struct feed_subscriptions subscriptions;
};

LIST_HEAD(feed_channels, feed_channel);
TAILQ_HEAD(feed_queue, event_subscription);

struct event_subscription {
	struct event_feed *feed;
	struct feed_channel *channel;
	const struct event_feed_user *user;
	void *ctx;
	LIST_ENTRY(event_subscription) link; /* among those of the channel */
	struct feed_queue *queue;            /* in which it waits to be called */
	TAILQ_ENTRY(event_subscription) place;
	long long heard_at; /* ms: when something was heard of it, or it was called to look */
	struct feed_reading *reading; /* or NULL */
};

TAILQ_HEAD(feed_readings, feed_reading);

struct event_feed {
	struct event_base *base;
	const struct redis_config *config;
	struct topology *topology; /* NULL until something is subscribed to */
	struct key_space space;
	struct event soon; /* calls those that are due */
	struct event tick; /* each second, while there are subscriptions */

	/* Each subscription is in one of these. */
	struct feed_queue silent; /* waits for something to be heard, longest first */
	struct feed_queue failed; /* could not read */
	struct feed_queue due;    /* is to look as soon as the loop turns */
	int subscribed;

	/* event_feed_live.c */
	struct redis_client_user live_user;
	struct redis_client *live; /* NULL until then, too */
	struct feed_channels channels;
	void *channels_by_name; /* a tree of them: tsearch(3) */
	/* While they are called: the subscription of the same channel that is next. */
	struct event_subscription *next;
	bool beating;      /* a sign of life is awaited */
	long long beat_at; /* ms: when it was asked for */

	/* event_feed_read.c */
	struct redis_client_user reads_user;
	struct redis_client *reads;
	struct feed_readings waiting; /* to be sent */
	struct feed_readings sent;    /* to Redis, in this order */
	struct feed_readings lost;    /* their users have yet to be told */
	int sent_count;
};

/* Moves a subscription to the end of a queue. */
void feed_queue_move(struct event_subscription *subscription, struct feed_queue *queue);
/* The user is to look, as soon as the loop turns. */
void feed_look_soon(struct event_subscription *subscription);
/* Something was heard of it just now. */
void feed_heard(struct event_subscription *subscription);
/* Wakes up what calls those that are due. */
void feed_wake(struct event_feed *feed);

/* event_feed_live.c */
void feed_live_open(struct event_feed *feed);
void feed_live_close(struct event_feed *feed);
void feed_live_join(struct event_subscription *subscription, const char *id);
void feed_live_leave(struct event_subscription *subscription);
/* Asks for a sign of life now and then, and gives a connection up that gives none. */
void feed_live_tick(struct event_feed *feed, long long now);

/* event_feed_read.c */
void feed_reads_open(struct event_feed *feed);
void feed_reads_close(struct event_feed *feed);
/* Gives the connection up if Redis does not answer. */
void feed_reads_tick(struct event_feed *feed, long long now);
/* Tells those whose readings have failed. */
void feed_reads_tell_lost(struct event_feed *feed);
/* The reading's user is not told any more. */
void feed_reading_call_off(struct event_subscription *subscription);

#endif
