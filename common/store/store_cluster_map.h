/* How the blocking side learns which node has which slots. */
#ifndef RESPOOL_STORE_CLUSTER_MAP_H
#define RESPOOL_STORE_CLUSTER_MAP_H

#include "store_cluster.h"

/* The connection to a node, which need not be open; valid until the map is read. */
struct store_server *store_cluster_node(
    struct store_cluster *cluster, const struct redis_address *address);

/* The node is in trouble, so another is to be asked what becomes of its slots. */
void store_cluster_suspect(struct store_cluster *cluster, const struct redis_address *node);

/*
 * Reads the map if it is stale, of the first node that tells it, unless that was tried a moment
 * ago. Connections to nodes that it does not name are closed.
 */
void store_cluster_refresh(struct store_cluster *cluster);

#endif
