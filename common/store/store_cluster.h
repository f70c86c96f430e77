/* The nodes of a Redis Cluster, for blocking calls: each command goes to where its key is. */
#ifndef RESPOOL_STORE_CLUSTER_H
#define RESPOOL_STORE_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "slot_map.h"
#include "store_server.h"

struct store_cluster {
	const struct store_access *access;
	struct slot_map map;
	bool map_is_stale;  /* it is to be read again before the next call */
	long long asked_at; /* ms: when the nodes were last asked for it; 0 for never */
	size_t turn; /* of the nodes in being asked first, as one may not know what others do */
	struct store_server **nodes; /* those that were spoken to since the map was last read */
	size_t node_count;
	/* The last one in trouble: asked for the map only if nobody else answers. */
	struct redis_address suspect;
	char error[STORE_ERROR_SIZE];
};

void store_cluster_init(struct store_cluster *cluster, const struct store_access *access);
void store_cluster_close(struct store_cluster *cluster);

/*
 * Makes the calls, each of whose keys are of one slot. They go out in one round trip if they have
 * the same slot, and the next one after the reply to the last if not, or if the slot moves; so each
 * takes effect no later than the next. Their replies, none of them an error, are put into replies.
 * False, and the error says why, if one was refused, or if it could not be made within patience
 * (ms) and the time-out of a connection; then there may be replies to some. No command suffers from
 * being repeated.
 */
bool store_cluster_call(struct store_cluster *cluster, const struct redis_args *commands, int count,
    redisReply **replies, int patience);

#endif
