#include "topology.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "sentinel_master.h"
#include "sentinel_news.h"
#include "topology_internal.h"

static void set_single(struct topology *topology)
{
	const struct redis_config *config = topology->config;

	if (config->socket_path != NULL)
		redis_address_set(&topology->server, config->socket_path, 0);
	else
		redis_address_set(&topology->server, config->host, config->port);
}

struct topology *topology_new(
    struct event_base *base, const struct redis_config *config, const char *role)
{
	struct topology *topology = xcalloc(1, sizeof(*topology));

	topology->base = base;
	topology->config = config;
	topology->kind = redis_config_kind(config);
	topology->role = role;
	topology->tls = redis_tls_new(&config->tls);
	LIST_INIT(&topology->users);
	if (topology->kind == REDIS_SINGLE)
		set_single(topology);
	else
		topology_begin_rounds(topology);
	return topology;
}

void topology_free(struct topology *topology)
{
	if (topology == NULL)
		return;
	if (topology->kind != REDIS_SINGLE)
		topology_end_rounds(topology);
	redis_tls_free(topology->tls);
	free(topology);
}

void topology_join(struct topology *topology, struct topology_user *user)
{
	LIST_INSERT_HEAD(&topology->users, user, link);
}

void topology_leave(struct topology *topology, struct topology_user *user)
{
	(void)topology;
	LIST_REMOVE(user, link);
}

void topology_tell(struct topology *topology)
{
	struct topology_user *user;

	LIST_FOREACH (user, &topology->users, link) {
		user->changed(user->ctx);
	}
}

enum redis_kind topology_kind(const struct topology *topology)
{
	return topology->kind;
}

struct event_base *topology_base(const struct topology *topology)
{
	return topology->base;
}

const struct redis_config *topology_config(const struct topology *topology)
{
	return topology->config;
}

const char *topology_role(const struct topology *topology)
{
	return topology->role;
}

struct redis_tls *topology_tls(const struct topology *topology)
{
	return topology->tls;
}

const struct slot_map *topology_slots(const struct topology *topology)
{
	return &topology->slots;
}

const struct redis_address *topology_server(const struct topology *topology, int slot)
{
	if (topology->kind == REDIS_CLUSTER)
		return slot_map_owner(&topology->slots, slot);
	return topology->server.host[0] != '\0' ? &topology->server : NULL;
}

/* The owner of a slot that chance chooses, or of the first one behind it that has any. */
const struct redis_address *topology_any(const struct topology *topology)
{
	int from = topology->kind == REDIS_CLUSTER ? (int)(random() % REDIS_SLOTS) : 0;

	for (int i = 0; i < REDIS_SLOTS; i++) {
		const struct redis_address *server =
		    topology_server(topology, (from + i) % REDIS_SLOTS);

		if (server != NULL || topology->kind != REDIS_CLUSTER)
			return server;
	}
	return NULL;
}

bool topology_names(const struct topology *topology, const struct redis_address *server)
{
	if (topology->kind == REDIS_CLUSTER)
		return slot_map_has(&topology->slots, server);
	return redis_address_same(&topology->server, server);
}

static const char *why_useless(const struct topology *topology, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return reply->str;
	return topology->kind == REDIS_CLUSTER ? "it knows of no server that has a slot"
					       : "it knows no master of that name";
}

bool topology_take(struct topology *topology, const redisReply *reply,
    const struct redis_address *asked, char why[TOPOLOGY_ERROR_SIZE])
{
	bool taken = topology->kind == REDIS_CLUSTER
			 ? slot_map_read(&topology->slots, reply, asked)
			 : sentinel_master_read(reply, &topology->server);

	if (!taken)
		snprintf(why, TOPOLOGY_ERROR_SIZE, "%s", why_useless(topology, reply));
	return taken;
}

void topology_take_news(struct topology *topology, const redisReply *message)
{
	if (sentinel_news_read(message, topology->config->service_name, &topology->server))
		topology_told(topology);
}

void topology_moved(struct topology *topology, int slot, const struct redis_address *to)
{
	const struct redis_address *owner = slot_map_owner(&topology->slots, slot);

	if (owner != NULL && redis_address_same(owner, to))
		return;
	slot_map_move(&topology->slots, slot, to);
	topology_tell(topology);
	topology_ask_later(topology);
}

void topology_doubt(struct topology *topology, const struct redis_address *server)
{
	if (topology->kind != REDIS_SINGLE && topology_names(topology, server))
		topology_suspect(topology, server);
}
