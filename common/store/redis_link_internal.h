/* What the parts of redis_link share: redis_link.c keeps it up, redis_link_setup.c sets it up. */
#ifndef RESPOOL_REDIS_LINK_INTERNAL_H
#define RESPOOL_REDIS_LINK_INTERNAL_H

#include <stdbool.h>

#include "redis_link.h"

struct redis_link {
	struct event_base *base;
	const struct redis_link_user *user;
	struct redis_address address; /* of the connection, or of the last one */
	redisAsyncContext *redis;     /* NULL between connections */
	struct lookup *lookup;        /* of the host, before there is one; or NULL */
	struct event *timer;          /* until the next try, or for this one to succeed */
	int pause_ms;
	bool up;
	bool reported;  /* the failure at hand has been logged */
	bool owed;      /* an answer was, when redis_link_is_silent() was called last */
	unsigned reads; /* that there were then */
};

/* Calls back in ms: to try again, or to give up what is not ready by then. */
void redis_link_start_timer(struct redis_link *link, int ms);

/*
 * Sends what a connection begins with. When the server has answered all that, the link is up and
 * its user told so; an error resets the link.
 */
void redis_link_set_up(struct redis_link *link);

#endif
