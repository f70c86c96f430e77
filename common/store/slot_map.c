#include "slot_map.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* The members of an element of the reply to CLUSTER SLOTS; a server's are its host and port. */
enum { RANGE_FIRST, RANGE_LAST, RANGE_MASTER, RANGE_MEMBERS };
enum { SERVER_HOST, SERVER_PORT, SERVER_MEMBERS };
enum { SERVER_METADATA = 3 }; /* names and values in turn, since Redis 7 */

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

static int find_node(const struct slot_map *map, const struct redis_address *node)
{
	for (size_t i = 0; i < map->node_count; i++)
		if (redis_address_same(&map->nodes[i], node))
			return (int)i;
	return SLOT_UNKNOWN;
}

static short node_index(struct slot_map *map, const struct redis_address *node)
{
	int known = find_node(map, node);

	if (known != SLOT_UNKNOWN)
		return (short)known;
	map->nodes = xrealloc(map->nodes, (map->node_count + 1) * sizeof(*map->nodes));
	map->nodes[map->node_count] = *node;
	return (short)map->node_count++;
}

static bool is_host(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING && reply->len != 0 && strcmp(reply->str, "?") != 0;
}

/* The address that stands beside a host name which is not known. NULL if none does. */
static const char *read_ip(const redisReply *server)
{
	const redisReply *metadata;

	if (server->elements <= SERVER_METADATA)
		return NULL;
	metadata = server->element[SERVER_METADATA];
	if (metadata->type != REDIS_REPLY_ARRAY)
		return NULL;
	for (size_t i = 0; i + 1 < metadata->elements; i += 2)
		if (metadata->element[i]->type == REDIS_REPLY_STRING &&
		    strcmp(metadata->element[i]->str, "ip") == 0 &&
		    is_host(metadata->element[i + 1]))
			return metadata->element[i + 1]->str;
	return NULL;
}

/* A host that is not told, or that the server does not know ("?"), is the one that was asked. */
static bool read_server(
    const redisReply *server, const struct redis_address *asked, struct redis_address *out)
{
	const redisReply *host, *port;
	const char *name;

	if (server->type != REDIS_REPLY_ARRAY || server->elements < SERVER_MEMBERS)
		return false;
	host = server->element[SERVER_HOST];
	port = server->element[SERVER_PORT];
	name = is_host(host) ? host->str : read_ip(server);
	return port->type == REDIS_REPLY_INTEGER && port->integer >= 1 && port->integer <= 65535 &&
	       redis_address_set(out, name != NULL ? name : asked->host, (int)port->integer);
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
	int index = find_node(map, node);

	for (int slot = 0; index != SLOT_UNKNOWN && slot < REDIS_SLOTS; slot++)
		if (map->owners[slot] == index)
			return true;
	return false;
}
