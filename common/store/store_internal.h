/*
 * What the parts of the store share. store_connection.c keeps the connection and makes the round
 * trips; each of the other store_*.c is a thing that is done over it.
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

enum { STORE_MAX_REPLIES = 2 };

struct store {
	const struct redis_config *config;
	struct key_space space;
	redisContext *redis; /* NULL when not connected */
	bool fresh;          /* the connection was opened for this call */
	bool timed_out;      /* the call ended because Redis did not answer in time */
	long long retry_at;  /* ms: no try to connect before that */
	int pause_ms;
	/* To the last call; what that gave out points into them. */
	redisReply *replies[STORE_MAX_REPLIES];
	char error[256];
	char last_failure[256]; /* to connect */
};

/*
 * One round trip of up to STORE_MAX_REPLIES commands. Their replies, none of them an error, are in
 * store->replies until the next call; false if the store is unavailable. It is made twice if the
 * connection, kept from an earlier call, turns out to have been closed meanwhile, or if Redis has
 * lost the scripts. No command suffers from being repeated.
 */
bool store_call(struct store *store, struct redis_args *commands, int count);

/*
 * One more command after a call that went well, whose replies stay as they are. Nobody learns what
 * becomes of it.
 */
void store_call_aside(struct store *store, struct redis_args *args);

/* An object of ours whose job Redis has evicted: nobody can say any more whose it is. */
bool store_is_orphan(const struct stored_response *response);

#endif
