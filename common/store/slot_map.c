#include "slot_map.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* The members of an element of the reply to CLUSTER SLOTS; a server's are its host and port. */
enum { RANGE_FIRST, RANGE_LAST, RANGE_MASTER, RANGE_MEMBERS };
enum { SERVER_HOST, SERVER_PORT, SERVER_MEMBERS };

void slot_map_init(struct slot_map *map)
{
	map->nodes = NULL;
	map->node_count = 0;
	for (int slot = 0; slot < REDIS_SLOTS; slot++)
		map->owners[slot] = SLOT_UNKNOWN;
}

void slot_map_free(struct slot_map *map)
{
	free(map->nodes);
	slot_map_init(map);
}

static short node_index(struct slot_map *map, const struct redis_address *node)
{
	for (size_t i = 0; i < map->node_count; i++)
		if (redis_address_same(&map->nodes[i], node))
			return (short)i;
	map->nodes = xrealloc(map->nodes, (map->node_count + 1) * sizeof(*map->nodes));
	map->nodes[map->node_count] = *node;
	return (short)map->node_count++;
}

/* A host that is not told, or that the server does not know ("?"), is the one that was asked. */
static bool read_server(
    const redisReply *server, const struct redis_address *asked, struct redis_address *out)
{
	const redisReply *host, *port;
	const char *name = asked->host;

	if (server->type != REDIS_REPLY_ARRAY || server->elements < SERVER_MEMBERS)
		return false;
	host = server->element[SERVER_HOST];
	port = server->element[SERVER_PORT];
	if (host->type == REDIS_REPLY_STRING && host->len != 0 && strcmp(host->str, "?") != 0)
		name = host->str;
	return port->type == REDIS_REPLY_INTEGER && port->integer <= 65535 &&
	       redis_address_set(out, name, (int)port->integer);
}

static bool read_range(
    struct slot_map *map, const redisReply *range, const struct redis_address *asked)
{
	struct redis_address master;
	long long first, last;
	short owner;

	if (range->type != REDIS_REPLY_ARRAY || range->elements < RANGE_MEMBERS ||
	    range->element[RANGE_FIRST]->type != REDIS_REPLY_INTEGER ||
	    range->element[RANGE_LAST]->type != REDIS_REPLY_INTEGER ||
	    !read_server(range->element[RANGE_MASTER], asked, &master))
		return false;
	first = range->element[RANGE_FIRST]->integer;
	last = range->element[RANGE_LAST]->integer;
	if (first < 0 || last >= REDIS_SLOTS || first > last)
		return false;
	owner = node_index(map, &master);
	for (long long slot = first; slot <= last; slot++)
		map->owners[slot] = owner;
	return true;
}

bool slot_map_read(struct slot_map *map, const redisReply *slots, const struct redis_address *asked)
{
	struct slot_map read;
	bool ok = slots->type == REDIS_REPLY_ARRAY;

	slot_map_init(&read);
	for (size_t i = 0; ok && i < slots->elements; i++)
		ok = read_range(&read, slots->element[i], asked);
	if (!ok || read.node_count == 0) {
		slot_map_free(&read);
		return false;
	}
	slot_map_free(map);
	*map = read;
	return true;
}

void slot_map_move(struct slot_map *map, int slot, const struct redis_address *to)
{
	map->owners[slot] = node_index(map, to);
}

const struct redis_address *slot_map_owner(const struct slot_map *map, int slot)
{
	short owner = map->owners[slot];

	return owner != SLOT_UNKNOWN ? &map->nodes[owner] : NULL;
}

bool slot_map_has(const struct slot_map *map, const struct redis_address *node)
{
	for (int slot = 0; slot < REDIS_SLOTS; slot++) {
		const struct redis_address *owner = slot_map_owner(map, slot);

		if (owner != NULL && redis_address_same(owner, node))
			return true;
	}
	return false;
}
