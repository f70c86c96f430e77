/*
 * An asynchronous connection to one Redis server that keeps itself up: it connects, sets itself up,
 * and begins again, with growing pauses, whenever the connection fails. Where the server is, it
 * asks its user each time.
 */
#ifndef RESPOOL_REDIS_LINK_H
#define RESPOOL_REDIS_LINK_H

#include <stdbool.h>

#include <event2/event.h>
#include <hiredis/async.h>

#include "common/base/buf.h"
#include "redis_address.h"
#include "redis_args.h"
#include "redis_setup.h"
#include "redis_tls.h"

struct redis_link;

struct redis_link_user {
	const char *name;         /* for messages: "commands"; NULL for none */
	struct redis_setup setup; /* sent on each new connection */
	struct redis_tls *tls;    /* or NULL */
	bool master;              /* a server that says it is none is not used */
	/* Asked before each try to connect; NULL if it is not known now. */
	const struct redis_address *(*where)(void *ctx);
	void (*up)(void *ctx);   /* commands can be sent now */
	void (*down)(void *ctx); /* no more; may be NULL */
	/*
	 * A try to connect has failed, or the connection has; behind down(). The next try comes
	 * after a pause, unless this frees the link, as it may. May be NULL.
	 */
	void (*failed)(void *ctx, const char *why);
	void *ctx;
};

/* user is not copied. Connects from the event loop. */
struct redis_link *redis_link_new(struct event_base *base, const struct redis_link_user *user);
/*
 * Closes the connection; open calls get NULL replies, at once or, within one of the connection's
 * own calls, when that returns. Neither down() nor failed() is called.
 */
void redis_link_free(struct redis_link *link);

bool redis_link_is_up(const struct redis_link *link);
/* Of the connection that there is or is being made, else of the last one. */
const struct redis_address *redis_link_address(const struct redis_link *link);

/*
 * Sends a command. fn gets the redisReply, or NULL if the connection broke before the reply came:
 * whether the command was executed is not known then. Returns false, and never calls fn, if the
 * link is down.
 */
bool redis_link_call(
    struct redis_link *link, struct redis_args *args, redisCallbackFn *fn, void *privdata);
/*
 * The same with commands as they go over the wire, which are copied. fn is called once: for one.
 * Behind a command of one word, SUBSCRIBE and UNSUBSCRIBE a NUL has to stand, which is not counted.
 */
bool redis_link_send(
    struct redis_link *link, struct span command, redisCallbackFn *fn, void *privdata);

/* Whether commands have been sent that are not answered yet. */
bool redis_link_owes(const struct redis_link *link);
/* Whether answers are owed, and nothing has come since this was asked last, when some were, too. */
bool redis_link_is_silent(struct redis_link *link);

/* Gives the connection up, if there is one, and makes a new one after a pause: it hangs, say. */
void redis_link_reset(struct redis_link *link, const char *why);
/* Connects at once to where the server is now, if that is somewhere else, or if there is a pause.
 */
void redis_link_follow(struct redis_link *link);

#endif
