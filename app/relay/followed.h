/*
 * A background response that is followed, by one reader or by thousands: one subscription and, at a
 * time, one reading of what is stored serve them all. Sequence numbers say who gets what: whoever
 * lacks exactly what comes gets that, and whoever is behind is served from the log, from the least
 * number that one of them lacks. So none gets an event twice, or misses one.
 */
#ifndef RESPOOL_FOLLOWED_H
#define RESPOOL_FOLLOWED_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/response/response_id.h"
#include "common/store/event_feed.h"
#include "reader_host.h"

struct followed {
	struct reader_host *host;
	LIST_ENTRY(followed) link; /* of its bucket in host->followed */
	char id[RESPONSE_ID_MAX + 1];
	struct reader_list readers;
	int holders; /* readers, those included that are over */

	/* The rest is followed.c's. */
	struct event_subscription *subscription;
	bool open;        /* Redis can be asked: look() has come since it was away */
	bool due;         /* it is to be asked even if nobody is known to lack an event */
	bool reading;     /* it is being asked */
	bool final;       /* the response has ended: whoever has all is told so */
	long long from;   /* where that reading begins */
	long long stored; /* so many events are known to be stored */
};

/* The one of that id, which is subscribed to if it is new. */
struct followed *followed_find(struct reader_host *host, const char *id);
/* Ends the subscription. It has no holders. */
void followed_free(struct followed *followed);

/* Reads for those who lack something, have room for it and get it from nowhere else. */
void followed_serve(struct followed *followed);

#endif
