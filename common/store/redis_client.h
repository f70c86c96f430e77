/*
 * What asks Redis asynchronously, wherever that is: one server, the master that Sentinels name, or
 * a Cluster, in which each command goes to the server that has its key.
 *
 * With one server or with Sentinels that is one connection. In a Cluster it is one for each server,
 * and commands are kept until they are answered, as they are sent again when a server says that
 * another has the slot, or that it cannot answer just now. So they may be executed in another order
 * than that in which they were sent.
 */
#ifndef RESPOOL_REDIS_CLIENT_H
#define RESPOOL_REDIS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <hiredis/async.h>

#include "common/base/buf.h"
#include "redis_args.h"
#include "scripts.h"
#include "topology.h"

struct redis_client;

/* Which servers of a Cluster a client speaks to. */
enum redis_reach {
	REACH_ALL_SLOTS,
	REACH_HOME, /* the one that has the home key: for commands that wait */
	REACH_ANY,  /* any one: for channels */
};

struct redis_client_user {
	const char *name; /* for messages, and to name the connection by: "stored events" */
	enum redis_reach reach;
	/* The key that up() and down() are about; NULL with REACH_ANY, or if none matters most. */
	const char *home;
	const enum script *scripts; /* that it calls */
	size_t script_count;
	/*
	 * Commands can be sent now, or can again: those about the home key, or if there is none,
	 * those about some keys.
	 */
	void (*up)(void *ctx);
	/*
	 * Those about some other keys than the home key can be sent now, or can again. Not called
	 * along with up(). May be NULL.
	 */
	void (*part_up)(void *ctx);
	/* Those about the home key, or all, cannot be sent any more. May be NULL. */
	void (*down)(void *ctx);
	void *ctx;
};

/* user is not copied, and the topology must live longer. Connects from the event loop. */
struct redis_client *redis_client_new(
    struct topology *topology, const struct redis_client_user *user);
/*
 * Open calls get NULL replies; down() is not called. Not to be called from within a call of this
 * client.
 */
void redis_client_free(struct redis_client *client);

/* What up() and down() tell. */
bool redis_client_is_up(const struct redis_client *client);
/* Whether it sends each command where its key is. */
bool redis_client_is_cluster(const struct redis_client *client);

/*
 * Sends a command. fn gets the redisReply, or NULL if the connection broke before the reply came:
 * whether the command was executed is not known then. In a Cluster, NULL also says that the key's
 * server could not be reached for a second. Returns false, and never calls fn, if that has been so
 * for longer, or if the one connection is down.
 */
bool redis_client_call(
    struct redis_client *client, struct redis_args *args, redisCallbackFn *fn, void *privdata);
/* The same for a command without a key, to the server that has this one. */
bool redis_client_call_at(struct redis_client *client, const char *key, struct redis_args *args,
    redisCallbackFn *fn, void *privdata);
/* The same for a command as it goes over the wire, which is copied, about this key. */
bool redis_client_send(struct redis_client *client, const char *key, struct span command,
    redisCallbackFn *fn, void *privdata);
/* The same for one without a key, to the server that another client, not of all slots, is at. */
bool redis_client_call_beside(struct redis_client *client, const struct redis_client *other,
    struct redis_args *args, redisCallbackFn *fn, void *privdata);

/*
 * Gives the connection up and makes a new one: it hangs, say. In a Cluster those whose servers owe
 * answers and have sent nothing for a while.
 */
void redis_client_reset(struct redis_client *client, const char *why);

/*
 * Whether a reply is an error. Logs it, and sees to what it tells of the server: that it lacks our
 * scripts, say, or is no master any more. NULL counts as one, unlogged.
 */
bool redis_client_failed(struct redis_client *client, const redisReply *reply, const char *doing);

#endif
