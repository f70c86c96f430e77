/* Which server of a Redis Cluster has which slots, as far as is known. */
#ifndef RESPOOL_SLOT_MAP_H
#define RESPOOL_SLOT_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include <hiredis/hiredis.h>

#include "redis_address.h"
#include "redis_slot.h"

struct slot_map {
	struct redis_address *nodes; /* masters, each once; of these, some may have no slot */
	size_t node_count;
	short owners[REDIS_SLOTS]; /* each an index of nodes, or SLOT_UNKNOWN */
};

enum { SLOT_UNKNOWN = -1 };

/* One that knows nothing. */
void slot_map_init(struct slot_map *map);
void slot_map_free(struct slot_map *map);

/*
 * Puts what a reply to CLUSTER SLOTS says in the place of what was known; asked is the server that
 * has given it, and stands for a host that the reply does not name. False, and nothing is changed,
 * if it is no such reply or names no server.
 */
bool slot_map_read(
    struct slot_map *map, const redisReply *slots, const struct redis_address *asked);

/* One slot is another server's now. */
void slot_map_move(struct slot_map *map, int slot, const struct redis_address *to);

/* NULL if it is not known. Valid until the map changes. */
const struct redis_address *slot_map_owner(const struct slot_map *map, int slot);

/* Whether a server has any slot. */
bool slot_map_has(const struct slot_map *map, const struct redis_address *node);

#endif
