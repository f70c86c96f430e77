/*
 * The readers of a relay: clients that follow background responses as streams (reader.h), any
 * number of them each response (followed.h). Nothing of a response is kept here: each reader has
 * the number of its next event, and what it lacks is read from Redis.
 */
#ifndef RESPOOL_READER_HOST_H
#define RESPOOL_READER_HOST_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/fastcgi/handover.h"
#include "common/store/event_feed.h"

struct reader;
struct followed;
LIST_HEAD(reader_list, reader);
LIST_HEAD(followed_list, followed);

enum {
	READER_DESCRIPTORS = 2, /* of each: its client, and a kept one */
	FOLLOWED_BUCKETS = 4096,
};

/* What all readers of a relay share. */
struct reader_host {
	struct event_base *base;
	struct event_feed *feed; /* NULL if no Redis is configured: all are refused */
	int most;                /* readers at once */
	size_t most_waiting;     /* bytes that they have not taken, of all who lag */
	/* s, for readers that begin */
	int client_timeout;
	int keepalive_seconds;
	/* As passage_host.ended; readers_reap() is to be called soon. */
	void (*ended)(void *ctx, int connection, struct span unread);
	void *ctx;

	/* The rest is the readers' own; count may be looked at. */
	const struct timeval *watch_delay;
	struct followed_list followed[FOLLOWED_BUCKETS]; /* by the hash of the id */
	struct reader_list refused;                      /* follow nothing */
	struct reader_list over;                         /* have ended */
	int count;                                       /* of readers that have not */
	size_t waiting;  /* bytes that those who lag have been sent and not taken */
	struct buf page; /* room for what goes to readers from the log */
};

/* Makes ready one whose members above are set. */
void reader_host_init(struct reader_host *host);
/* Frees all readers, and closes their connections. */
void reader_host_close(struct reader_host *host);

/*
 * Takes handover and connection over: the client gets the events of followed_id behind after. If
 * there are as many readers as may be, it is answered that; or, if the handover has the first
 * event, that one alone.
 */
void reader_start(struct reader_host *host, struct handover *handover, int connection);

/*
 * Nobody is to be served any longer: those that have got nothing yet are told so, the others'
 * connections break off.
 */
void readers_break_off(struct reader_host *host);
/* Tells the log what they are at: of each a line, of so many at most. */
void readers_report(const struct reader_host *host, int most);
/* Frees those that have ended, and the subscriptions of responses that nobody follows any more. */
void readers_reap(struct reader_host *host);

#endif
