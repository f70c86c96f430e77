/* What the parts of redis_link share: redis_link.c keeps it up, redis_link_setup.c sets it up. */
#ifndef RESPOOL_REDIS_LINK_INTERNAL_H
#define RESPOOL_REDIS_LINK_INTERNAL_H

#include <stdbool.h>
#include <time.h>

#include "redis_link.h"
#include "scripts.h"

struct redis_link {
	struct event_base *base;
	const struct redis_config *config;
	const struct redis_link_user *user;
	redisAsyncContext *redis; /* NULL between connections */
	struct lookup *lookup;    /* of the host, before there is one; or NULL */
	struct event *timer;      /* until the next try, or for this one to succeed */
	int pause_ms;
	bool up;
	bool closing;
	bool reported;     /* the failure at hand has been logged */
	time_t last_error; /* when an error reply was logged: at most one each second */
};

/* Calls back in ms: to try again, or to give up what is not ready by then. */
void redis_link_start_timer(struct redis_link *link, int ms);

/*
 * Identifies us on the new connection and loads the scripts. When Redis has answered all that, the
 * link is up and its user told so; an error resets the link.
 */
void redis_link_set_up(struct redis_link *link);

#endif
