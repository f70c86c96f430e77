#include "redis_cluster.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "redis_cluster_internal.h"

enum {
	WATCH_MS = 500,
	SILENT_MS = 5000, /* without any answer: the connection counts as hung */
	IDLE_MS = 10000,  /* of a server without a slot, which others send us to for a while */
};

static struct cluster_node *find_node(
    const struct redis_cluster *cluster, const struct redis_address *address)
{
	struct cluster_node *node = LIST_FIRST(&cluster->nodes);

	while (node != NULL && !redis_address_same(&node->address, address))
		node = LIST_NEXT(node, link);
	return node;
}

struct cluster_node *cluster_node_at(
    struct redis_cluster *cluster, const struct redis_address *address)
{
	struct cluster_node *node = find_node(cluster, address);

	if (node != NULL)
		return node;
	cluster_watch(cluster);
	return cluster_node_new(cluster, address);
}

struct cluster_node *cluster_owner(struct redis_cluster *cluster, int slot)
{
	const struct redis_address *address;

	slot = slot != SLOT_NONE ? slot : cluster->home;
	address = slot != SLOT_NONE ? topology_server(cluster->topology, slot)
				    : topology_any(cluster->topology);
	return address != NULL ? cluster_node_at(cluster, address) : NULL;
}

static bool has_slots(const struct cluster_node *node)
{
	return slot_map_has(topology_slots(node->cluster->topology), &node->address);
}

static bool is_home(const struct redis_cluster *cluster, const struct cluster_node *node)
{
	const struct redis_address *home;

	if (cluster->home == SLOT_NONE)
		return has_slots(node);
	home = topology_server(cluster->topology, cluster->home);
	return home != NULL && redis_address_same(home, &node->address);
}

static bool home_is_up(const struct redis_cluster *cluster)
{
	const struct cluster_node *node;

	for (node = LIST_FIRST(&cluster->nodes); node != NULL; node = LIST_NEXT(node, link)) {
		if (redis_link_is_up(node->redis) && is_home(cluster, node))
			return true;
	}
	return false;
}

/* Tells what has changed of what up() and down() are about; whether up() was called. */
static bool tell_change(struct redis_cluster *cluster)
{
	const struct redis_client_user *user = cluster->user;
	bool was_up = cluster->up;

	cluster->up = home_is_up(cluster);
	if (cluster->up && !was_up)
		user->up(user->ctx);
	else if (!cluster->up && was_up && user->down != NULL)
		user->down(user->ctx);
	return cluster->up && !was_up;
}

void cluster_node_came_up(struct cluster_node *node)
{
	struct redis_cluster *cluster = node->cluster;
	const struct redis_client_user *user = cluster->user;

	if (tell_change(cluster))
		return;
	if (cluster->home == SLOT_NONE)
		user->up(user->ctx);
	else if (user->part_up != NULL)
		user->part_up(user->ctx);
}

void cluster_node_went_down(struct cluster_node *node)
{
	tell_change(node->cluster);
}

/* It has no slot any more, and nothing is to be expected of it; or never had one, and is idle. */
static bool is_superfluous(const struct cluster_node *node)
{
	if (has_slots(node) || !TAILQ_EMPTY(&node->waiting))
		return false;
	if (!redis_link_is_up(node->redis) || node->silent_ms > 0)
		return true;
	return TAILQ_EMPTY(&node->sent) && monotonic_ms() - node->used_at > IDLE_MS;
}

static struct cluster_node *find_superfluous(struct redis_cluster *cluster)
{
	struct cluster_node *node = LIST_FIRST(&cluster->nodes);

	while (node != NULL && !is_superfluous(node))
		node = LIST_NEXT(node, link);
	return node;
}

/* Callers who get NULL replies may do what they please. */
static void free_superfluous(struct redis_cluster *cluster)
{
	struct cluster_node *node;

	while ((node = find_superfluous(cluster)) != NULL) {
		if (!redis_link_is_up(node->redis) || node->silent_ms > 0)
			log_info("Redis (%s): given up, as others have its slots", node->name);
		cluster_node_free(node);
	}
}

static void meet_new_servers(struct redis_cluster *cluster)
{
	const struct slot_map *slots = topology_slots(cluster->topology);

	for (size_t i = 0; i < slots->node_count; i++)
		if (slot_map_has(slots, &slots->nodes[i]))
			cluster_node_at(cluster, &slots->nodes[i]);
}

/* topology_user.changed */
static void on_changed(void *ctx)
{
	struct redis_cluster *cluster = ctx;
	struct cluster_node *node;

	meet_new_servers(cluster);
	for (node = LIST_FIRST(&cluster->nodes); node != NULL; node = LIST_NEXT(node, link)) {
		cluster_commands_dispatch(&node->waiting, node);
	}
	cluster_commands_dispatch(&cluster->unowned, NULL);
	free_superfluous(cluster);
	tell_change(cluster);
}

static void check(struct cluster_node *node)
{
	bool silent = redis_link_is_silent(node->redis);

	node->silent_ms = silent ? node->silent_ms + WATCH_MS : 0;
	if (silent || !redis_link_is_up(node->redis))
		topology_doubt(node->cluster->topology, &node->address);
	if (node->silent_ms >= SILENT_MS)
		redis_link_reset(node->redis, "no answer in time");
}

static bool is_worth_watching(const struct cluster_node *node)
{
	return !redis_link_is_up(node->redis) || !TAILQ_EMPTY(&node->sent);
}

static void on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_cluster *cluster = ctx;
	struct cluster_node *node;

	(void)fd;
	(void)what;
	for (node = LIST_FIRST(&cluster->nodes); node != NULL; node = LIST_NEXT(node, link)) {
		check(node);
	}
	free_superfluous(cluster);
	for (node = LIST_FIRST(&cluster->nodes); node != NULL; node = LIST_NEXT(node, link)) {
		if (is_worth_watching(node))
			cluster_watch(cluster);
	}
}

void cluster_watch(struct redis_cluster *cluster)
{
	static const struct timeval delay = {WATCH_MS / 1000, WATCH_MS % 1000 * 1000};

	if (!evtimer_pending(&cluster->watch, NULL))
		evtimer_add(&cluster->watch, &delay);
}

struct redis_cluster *redis_cluster_new(struct topology *topology,
    const struct redis_client_user *user, int home, const char *connection)
{
	struct redis_cluster *cluster = xcalloc(1, sizeof(*cluster));

	cluster->topology = topology;
	cluster->user = user;
	cluster->connection = connection;
	cluster->home = home;
	cluster->begun_at = monotonic_ms();
	LIST_INIT(&cluster->nodes);
	TAILQ_INIT(&cluster->unowned);
	TAILQ_INIT(&cluster->pausing);
	evtimer_assign(&cluster->watch, topology_base(topology), on_watch, cluster);
	cluster->member = (struct topology_user){.changed = on_changed, .ctx = cluster};
	topology_join(topology, &cluster->member);
	meet_new_servers(cluster);
	return cluster;
}

void redis_cluster_free(struct redis_cluster *cluster)
{
	struct cluster_node *node;

	if (cluster == NULL)
		return;
	cluster->closing = true;
	topology_leave(cluster->topology, &cluster->member);
	for (node = LIST_FIRST(&cluster->nodes); node != NULL; node = LIST_NEXT(node, link)) {
		cluster_commands_end(&node->waiting);
	}
	cluster_commands_end(&cluster->unowned);
	cluster_commands_end(&cluster->pausing);
	while ((node = LIST_FIRST(&cluster->nodes)) != NULL)
		cluster_node_free(node);
	evtimer_del(&cluster->watch);
	free(cluster);
}

bool redis_cluster_is_up(const struct redis_cluster *cluster)
{
	return cluster->up;
}

bool redis_cluster_send_to(struct redis_cluster *cluster, const struct redis_address *server,
    struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	struct cluster_node *node = find_node(cluster, server);

	return node != NULL && redis_link_call(node->redis, args, fn, privdata);
}

void redis_cluster_reset(struct redis_cluster *cluster, const char *why)
{
	struct cluster_node *node;

	for (node = LIST_FIRST(&cluster->nodes); node != NULL; node = LIST_NEXT(node, link)) {
		if (node->silent_ms > 0)
			redis_link_reset(node->redis, why);
	}
}
