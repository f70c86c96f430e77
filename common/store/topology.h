/*
 * Which server has what: the one that the configuration names; or the master that Sentinels name,
 * who are asked in turn, and one of whom is listened to; or, in a Cluster, the owner of a slot, as
 * the servers say that are known. Of Sentinels and Clusters it is asked again when somebody doubts
 * it, and now and then. What is known goes on being used until something else is.
 */
#ifndef RESPOOL_TOPOLOGY_H
#define RESPOOL_TOPOLOGY_H

#include <stdbool.h>
#include <sys/queue.h>

#include <event2/event.h>

#include "common/config/redis_config.h"
#include "redis_address.h"
#include "redis_tls.h"
#include "slot_map.h"

struct topology;

/* Who is told. Belongs to the caller; the last member is the topology's. */
struct topology_user {
	/* What is known may have changed. */
	void (*changed)(void *ctx);
	void *ctx;
	LIST_ENTRY(topology_user) link;
};

/*
 * role is that of the process, for the names of connections: "worker". Neither that nor config is
 * copied.
 */
struct topology *topology_new(
    struct event_base *base, const struct redis_config *config, const char *role);
/* Its users have left. */
void topology_free(struct topology *topology);

/* Not from within changed(). */
void topology_join(struct topology *topology, struct topology_user *user);
void topology_leave(struct topology *topology, struct topology_user *user);

enum redis_kind topology_kind(const struct topology *topology);
struct event_base *topology_base(const struct topology *topology);
const struct redis_config *topology_config(const struct topology *topology);
const char *topology_role(const struct topology *topology);
/* NULL if the configuration wants none. */
struct redis_tls *topology_tls(const struct topology *topology);

/*
 * The server that has a slot; slot counts in a Cluster alone. NULL if it is not known. Valid until
 * something changes.
 */
const struct redis_address *topology_server(const struct topology *topology, int slot);
/* One that can be asked for whatever they all have; in a Cluster not always the same. */
const struct redis_address *topology_any(const struct topology *topology);
/* In a Cluster, all there is to know. */
const struct slot_map *topology_slots(const struct topology *topology);

/* A server of a Cluster has said that another one has this slot now. */
void topology_moved(struct topology *topology, int slot, const struct redis_address *to);
/*
 * This server does not answer, or says that it is not the right one: the others are asked. To be
 * repeated for as long as that is so.
 */
void topology_doubt(struct topology *topology, const struct redis_address *server);

#endif
