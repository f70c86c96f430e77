#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "redis_cluster_internal.h"

static const struct redis_address *where(void *ctx)
{
	return &((struct cluster_node *)ctx)->address;
}

static void on_up(void *ctx)
{
	struct cluster_node *node = ctx;

	node->down_at = 0;
	node->silent_ms = 0;
	cluster_commands_dispatch(&node->waiting, node);
	cluster_node_came_up(node);
}

static void on_down(void *ctx)
{
	struct cluster_node *node = ctx;

	node->down_at = monotonic_ms();
	cluster_node_went_down(node);
}

static void on_failed(void *ctx, const char *why)
{
	struct cluster_node *node = ctx;

	(void)why;
	topology_doubt(node->cluster->topology, &node->address);
	cluster_watch(node->cluster);
}

struct cluster_node *cluster_node_new(
    struct redis_cluster *cluster, const struct redis_address *address)
{
	struct cluster_node *node = xcalloc(1, sizeof(*node));
	struct topology *topology = cluster->topology;
	char text[REDIS_ADDRESS_TEXT_SIZE];

	node->cluster = cluster;
	node->address = *address;
	TAILQ_INIT(&node->sent);
	TAILQ_INIT(&node->waiting);
	node->down_at = node->used_at = monotonic_ms();
	snprintf(node->name, sizeof(node->name), "%.48s at %s", cluster->user->name,
	    redis_address_text(address, text));
	node->user = (struct redis_link_user){
	    .name = node->name,
	    .setup = {.config = topology_config(topology),
		.name = cluster->connection,
		.scripts = cluster->user->scripts,
		.script_count = cluster->user->script_count},
	    .tls = topology_tls(topology),
	    .where = where,
	    .up = on_up,
	    .down = on_down,
	    .failed = on_failed,
	    .ctx = node,
	};
	node->redis = redis_link_new(topology_base(topology), &node->user);
	LIST_INSERT_HEAD(&cluster->nodes, node, link);
	return node;
}

void cluster_node_free(struct cluster_node *node)
{
	LIST_REMOVE(node, link);
	redis_link_free(node->redis);
	/* Within a call of its connection, hiredis calls back later than this. */
	cluster_commands_end(&node->sent);
	cluster_commands_dispatch(&node->waiting, NULL);
	free(node);
}
