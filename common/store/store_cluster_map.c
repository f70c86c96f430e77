#include "store_cluster_map.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"

static const struct timeval map_timeout = {0, 250 * 1000};

enum {
	/* Between two readings of the map: while a node is away, each call wants one. */
	REFRESH_EVERY_MS = 100,
	/* No more nodes are asked for one reading when they have taken so long. */
	PATIENCE_MS = 1000,
};

/* In which order nodes are asked: who is most likely to answer, and to know. */
enum rank { RANK_CONNECTED, RANK_OTHER, RANK_SUSPECT, RANK_COUNT };

static struct store_server *find_node(
    const struct store_cluster *cluster, const struct redis_address *address)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (redis_address_same(&cluster->nodes[i]->address, address))
			return cluster->nodes[i];
	return NULL;
}

struct store_server *store_cluster_node(
    struct store_cluster *cluster, const struct redis_address *address)
{
	struct store_server *node = find_node(cluster, address);

	if (node != NULL)
		return node;
	node = xmalloc(sizeof(*node));
	store_server_init(node, cluster->access, STORE_SERVER_NODE, address);
	cluster->nodes =
	    xrealloc(cluster->nodes, (cluster->node_count + 1) * sizeof(*cluster->nodes));
	cluster->nodes[cluster->node_count++] = node;
	return node;
}

void store_cluster_suspect(struct store_cluster *cluster, const struct redis_address *node)
{
	cluster->suspect = *node;
	cluster->map_is_stale = true;
}

static void close_strangers(struct store_cluster *cluster)
{
	size_t kept = 0;

	for (size_t i = 0; i < cluster->node_count; i++) {
		struct store_server *node = cluster->nodes[i];

		if (slot_map_has(&cluster->map, &node->address)) {
			cluster->nodes[kept++] = node;
		} else {
			store_server_disconnect(node);
			free(node);
		}
	}
	cluster->node_count = kept;
}

static bool remember_failure(struct store_cluster *cluster, const struct store_server *node)
{
	memcpy(cluster->error, node->error, sizeof(cluster->error));
	return false;
}

static redisReply *ask(struct store_server *node)
{
	struct redis_args args = {0};
	redisReply *reply;

	if (!store_server_connect(node))
		return NULL;
	redis_args_add(&args, "CLUSTER");
	redis_args_add(&args, "SLOTS");
	store_server_set_timeout(node, map_timeout);
	if (!store_server_exchange(node, &args, 1, &reply))
		return NULL;
	store_server_reset_timeout(node);
	return reply;
}

static bool read_map(struct store_cluster *cluster, const struct redis_address *address)
{
	struct store_server *node = store_cluster_node(cluster, address);
	redisReply *reply = ask(node);
	bool ok;

	if (reply == NULL)
		return remember_failure(cluster, node);
	ok = slot_map_read(&cluster->map, reply, &node->address);
	if (!ok) {
		store_server_failed(node, "CLUSTER SLOTS",
		    reply->type == REDIS_REPLY_ERROR ? reply->str : "it knows no slots");
		remember_failure(cluster, node);
	}
	freeReplyObject(reply);
	return ok;
}

static enum rank rank_of(const struct store_cluster *cluster, const struct redis_address *address)
{
	const struct store_server *node = find_node(cluster, address);

	if (redis_address_same(address, &cluster->suspect))
		return RANK_SUSPECT;
	return node != NULL && node->redis != NULL ? RANK_CONNECTED : RANK_OTHER;
}

static size_t candidate_count(const struct store_cluster *cluster)
{
	return cluster->map.node_count + cluster->access->config->startup_nodes.count;
}

/* One of those that are known, or of those that are configured. */
static struct redis_address candidate(const struct store_cluster *cluster, size_t number)
{
	struct redis_address address = {0};
	const struct redis_node *node;

	if (number < cluster->map.node_count)
		return cluster->map.nodes[number];
	number -= cluster->map.node_count;
	node = &cluster->access->config->startup_nodes.list[number];
	redis_address_set(&address, node->host, node->port);
	return address;
}

static bool ask_rank(struct store_cluster *cluster, enum rank rank, long long deadline)
{
	size_t count = candidate_count(cluster);

	for (size_t i = 0; i < count && monotonic_ms() < deadline; i++) {
		struct redis_address address = candidate(cluster, (cluster->turn + i) % count);

		if (rank_of(cluster, &address) == rank && read_map(cluster, &address))
			return true;
	}
	return false;
}

void store_cluster_refresh(struct store_cluster *cluster)
{
	long long now = monotonic_ms();
	bool known = false;
	int rank;

	if (!cluster->map_is_stale ||
	    (cluster->asked_at != 0 && now < cluster->asked_at + REFRESH_EVERY_MS))
		return;
	cluster->turn++;
	for (rank = 0; !known && rank < RANK_COUNT; rank++)
		known = ask_rank(cluster, (enum rank)rank, now + PATIENCE_MS);
	cluster->asked_at = monotonic_ms();
	if (!known)
		return;
	cluster->map_is_stale = false;
	close_strangers(cluster);
}
