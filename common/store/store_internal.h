/*
 * What the parts of the store share. store_connection.c makes the round trips, to the one server
 * (store_server.c), to the master that Sentinels name (store_sentinel.c) or to the nodes of a
 * Cluster (store_cluster.c); each of the other store_*.c is a thing that is done by them.
 */
#ifndef RESPOOL_STORE_INTERNAL_H
#define RESPOOL_STORE_INTERNAL_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "common/config/config.h"
#include "keys.h"
#include "redis_args.h"
#include "scripts.h"
#include "store.h"
#include "store_cluster.h"
#include "store_sentinel.h"
#include "store_server.h"

/* As many as let a page of a list be looked up at once. */
enum { STORE_MAX_REPLIES = 24 };

struct store {
	enum redis_kind kind;
	struct key_space space;
	struct store_access access;
	const char *webhooks; /* webhooks_config.lines: who is told of ends; NULL: nobody */
	union {               /* by kind */
		struct store_server server;
		struct store_sentinel sentinel;
		struct store_cluster cluster;
	};
	struct admission admission; /* store_admission() */
	char created_before[RESPONSE_ID_MAX + 1];
	bool has_ended;
	struct queued_end ended; /* store_queued_end(), if there is one */
	/* To the last call; what that gave out points into them. */
	redisReply *replies[STORE_MAX_REPLIES];
};

/*
 * Up to STORE_MAX_REPLIES commands, whose replies, none of them an error, are in store->replies
 * until the next call; false if the store is unavailable. It is one round trip, except in a Cluster
 * if they have different slots, or if slots move; none takes effect before those in front of it. It
 * is made twice if the connection, kept from an earlier call, turns out to have been closed
 * meanwhile, or if Redis has lost the scripts. No command suffers from being repeated.
 */
bool store_call(struct store *store, const struct redis_args *commands, int count);

/*
 * One more command after a call that went well, or in a Cluster after any; its replies, or its
 * error, stay as they are. Nobody learns what becomes of this one.
 */
void store_call_aside(struct store *store, const struct redis_args *args);

/* An object of ours whose job Redis has evicted: nobody can say any more whose it is. */
bool store_is_orphan(const struct stored_response *response);

#endif
