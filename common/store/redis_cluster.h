/*
 * The servers of a Cluster as one: each command goes to the server that has its slot, and is sent
 * again as that server's answer demands (redis_retry.h), until its caller gets the reply. Until a
 * server can be reached, commands for it wait for a second.
 */
#ifndef RESPOOL_REDIS_CLUSTER_H
#define RESPOOL_REDIS_CLUSTER_H

#include <stdbool.h>

#include <hiredis/async.h>

#include "common/base/buf.h"
#include "redis_client.h"
#include "redis_link.h"
#include "topology.h"

struct redis_cluster;

enum { SLOT_NONE = -1 };

/*
 * user and connection, by which the connections are named, are not copied. home is the slot of the
 * home key, or SLOT_NONE.
 */
struct redis_cluster *redis_cluster_new(struct topology *topology,
    const struct redis_client_user *user, int home, const char *connection);
void redis_cluster_free(struct redis_cluster *cluster);

bool redis_cluster_is_up(const struct redis_cluster *cluster);

/*
 * Sends a command about a slot; with SLOT_NONE to any server, that of home if there is one. text,
 * from malloc(3), becomes the cluster's, whatever is returned. The rest is as with
 * redis_client_call().
 */
bool redis_cluster_send(
    struct redis_cluster *cluster, int slot, struct span text, redisCallbackFn *fn, void *privdata);
/* To a certain server, if there is a connection to it. */
bool redis_cluster_send_to(struct redis_cluster *cluster, const struct redis_address *server,
    struct redis_args *args, redisCallbackFn *fn, void *privdata);

/* Begins anew with servers that owe answers and have sent nothing for a while. */
void redis_cluster_reset(struct redis_cluster *cluster, const char *why);

#endif
