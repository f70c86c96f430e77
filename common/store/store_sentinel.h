/* The master that Sentinels name, for blocking calls. */
#ifndef RESPOOL_STORE_SENTINEL_H
#define RESPOOL_STORE_SENTINEL_H

#include <stdbool.h>

#include "store_server.h"

struct store_sentinel {
	const struct store_access *access;
	struct store_server master;
	struct store_server *sentinels; /* as configured */
	struct store_server listener;   /* to the one that has answered last: it tells by itself */
	size_t count;
	size_t turn;          /* the one to ask first: that which has answered last */
	long long checked_at; /* ms: when one was last asked */
	struct retry_pause pause;
	char error[STORE_ERROR_SIZE];
};

void store_sentinel_init(struct store_sentinel *sentinel, const struct store_access *access);
void store_sentinel_close(struct store_sentinel *sentinel);

/*
 * Sees to it that the master is connected. An old one may go on answering to us for many seconds,
 * so one Sentinel is listened to, and is asked each second whether the master is still the same.
 * All are asked in turn when there is no connection, and whom one names must say itself that it is
 * a master. False, and the error says why, if there is none, or at once if there was none a moment
 * ago.
 */
bool store_sentinel_connect(struct store_sentinel *sentinel);

#endif
