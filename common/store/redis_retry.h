/*
 * What becomes of a command when a server of a Cluster has answered it: how often, and for how
 * long, it is sent again.
 */
#ifndef RESPOOL_REDIS_RETRY_H
#define RESPOOL_REDIS_RETRY_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "redirection.h"

enum {
	RETRY_REDIRECTIONS = 16, /* without a pause */
	RETRY_FOR_MS = 2000,     /* that a server may say "later", all in all */
};

/* Of one command. To be set to zero. */
struct redis_retry {
	int redirections; /* in a row */
	int pauses;
	long long since; /* ms: when the first server said "later"; 0 if none has */
};

enum redis_retry_step {
	RETRY_NOT,   /* the reply is the caller's */
	RETRY_MOVED, /* to another server, which has the slot from now on */
	RETRY_ASK,   /* to another server, for this one time */
	RETRY_LATER, /* after a pause */
	RETRY_ANEW,  /* to the same server over a new connection: it has lost our scripts */
};

/*
 * now is in ms; asked is the server that has answered. *to is where a redirection leads to.
 */
enum redis_retry_step redis_retry_next(struct redis_retry *retry, const redisReply *reply,
    const struct redis_address *asked, long long now, struct redirection *to);

/* ms, before it is sent again: longer each time. */
int redis_retry_pause(const struct redis_retry *retry);

/*
 * Whether the reply says that the server as a whole cannot be used, so that only a new connection
 * will tell when it can.
 */
bool redis_retry_is_useless_server(const redisReply *reply);

#endif
