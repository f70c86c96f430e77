/*
 * An asynchronous connection to Redis that keeps itself up: it connects, identifies itself, loads
 * the scripts, and begins again, with growing pauses, whenever the connection fails.
 */
#ifndef RESPOOL_REDIS_LINK_H
#define RESPOOL_REDIS_LINK_H

#include <stdbool.h>

#include <event2/event.h>
#include <hiredis/async.h>

#include "common/config/config.h"
#include "redis_args.h"

struct redis_link;

struct redis_link_user {
	const char *name;        /* for messages: "commands" */
	bool scripts;            /* load them: the user calls scripts */
	void (*up)(void *ctx);   /* commands can be sent now */
	void (*down)(void *ctx); /* may be NULL; open calls have got NULL replies before */
	void *ctx;
};

/* Neither config nor user is copied. Connects from the event loop. */
struct redis_link *redis_link_new(
    struct event_base *base, const struct redis_config *config, const struct redis_link_user *user);
/* Closes the connection; open calls get NULL replies, down() is not called. */
void redis_link_free(struct redis_link *link);

bool redis_link_is_up(const struct redis_link *link);

/*
 * Sends a command. fn gets the redisReply, or NULL if the connection broke before the reply came:
 * whether the command was executed is not known then. Returns false, and never calls fn, if the
 * link is down.
 */
bool redis_link_call(
    struct redis_link *link, struct redis_args *args, redisCallbackFn *fn, void *privdata);

/* Gives the connection up and makes a new one: it hangs, or the server has lost our scripts. */
void redis_link_reset(struct redis_link *link, const char *why);

/*
 * Whether a reply is an error. Logs it; resets the link if the server lacks our scripts or is no
 * master any more. NULL counts as one, unlogged.
 */
bool redis_link_failed(struct redis_link *link, const redisReply *reply, const char *doing);

#endif
