/*
 * How a relay reads the events of streamed responses: what is stored by asking for it, what comes
 * later as Redis publishes it. Two asynchronous connections, which are made when something is
 * followed for the first time and make themselves anew when they break.
 */
#ifndef RESPOOL_EVENT_FEED_H
#define RESPOOL_EVENT_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/response/response.h"

struct event_feed;
struct event_subscription;

struct event_feed_user {
	/*
	 * Events that were written a moment ago: so many, one behind the other, each whole with its
	 * blank line, the first of them of that number. They may have been read before, and some
	 * before them may be missing. The span is valid during the call.
	 */
	void (*came)(void *ctx, long long first, long long count, struct span events);
	/*
	 * It is time to read: from now on nothing is missed that is written later, or the response
	 * has ended or was deleted, or something may have been missed, or nothing has come for so
	 * long that it may be gone.
	 */
	void (*look)(void *ctx);
};

/* A part of what is stored. */
struct event_page {
	enum {
		PAGE_FAILED, /* Redis is away or refuses: look() is called when it is back */
		PAGE_GONE,   /* there is no such response any more, or it has no events */
		PAGE_READ
	} result;
	/* The events from the number that was asked for on; none if there are not so many. */
	const struct span *events;
	size_t count;
	long long stored; /* how many are stored in all */
	/*
	 * The status of the response, and if it is terminal and these are the last events its
	 * object; empty else.
	 */
	enum response_status status;
	struct span object;
};

/* config is not copied; redis must be enabled in it. */
struct event_feed *event_feed_new(struct event_base *base, const struct redis_config *config);
/*
 * Subscriptions and readings end without a call, and are freed. Not to be called from one of the
 * feed's own calls.
 */
void event_feed_free(struct event_feed *feed);

/*
 * Follows the response of this id. user is not copied. look() comes when that has begun, and again
 * whenever the connection was made anew. Whatever is called may end this subscription and begin
 * others.
 */
struct event_subscription *event_feed_subscribe(
    struct event_feed *feed, const char *id, const struct event_feed_user *user, void *ctx);
void event_feed_unsubscribe(struct event_subscription *subscription);

/*
 * Reads the events from that number on: as many as fit in some 64 KB, but one at least. done is
 * called once, later; what the page points to is valid during the call. One reading at a time for a
 * subscription; it is called off by event_feed_unsubscribe().
 */
void event_feed_read(struct event_subscription *subscription, long long from,
    void (*done)(void *ctx, const struct event_page *page));

#endif
