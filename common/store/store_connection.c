#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "redis_reply.h"
#include "store_internal.h"

enum {
	/* For so long a command is repeated while slots move: a client waits. */
	CALL_PATIENCE_MS = 1000,
	ASIDE_PATIENCE_MS = 100,
};

struct store *store_open(const struct redis_config *config)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->kind = redis_config_kind(config);
	key_space_init(&store->space, config->namespace);
	store->access.config = config;
	store->access.tls = redis_tls_new(&config->tls);
	if (store->kind == REDIS_CLUSTER)
		store_cluster_init(&store->cluster, &store->access);
	else if (store->kind == REDIS_SENTINEL)
		store_sentinel_init(&store->sentinel, &store->access);
	else
		store_server_init(&store->server, &store->access, STORE_SERVER_ONLY, NULL);
	return store;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	replies_free(store->replies, STORE_MAX_REPLIES);
	if (store->kind == REDIS_CLUSTER)
		store_cluster_close(&store->cluster);
	else if (store->kind == REDIS_SENTINEL)
		store_sentinel_close(&store->sentinel);
	else
		store_server_disconnect(&store->server);
	redis_tls_free(store->access.tls);
	free(store);
}

void store_use_webhooks(struct store *store, const struct webhooks_config *webhooks)
{
	store->webhooks = webhooks->lines;
}

bool store_is_connected(const struct store *store)
{
	if (store->kind == REDIS_SENTINEL)
		return store->sentinel.master.redis != NULL;
	if (store->kind != REDIS_CLUSTER)
		return store->server.redis != NULL;
	for (size_t i = 0; i < store->cluster.node_count; i++) {
		if (store->cluster.nodes[i]->redis != NULL)
			return true;
	}
	return false;
}

const char *store_error(const struct store *store)
{
	if (store->kind == REDIS_CLUSTER)
		return store->cluster.error;
	return store->kind == REDIS_SENTINEL ? store->sentinel.error : store->server.error;
}

/*
 * Whether another connection may help: this one has lost its scripts, or the server is no master
 * any more, and the next connection may lead to the new one.
 */
static bool is_outdated(const redisReply *error)
{
	return reply_is_error(error, "NOSCRIPT") || reply_is_error(error, "READONLY");
}

/*
 * One round trip, on the connection that there is. again tells, if it fails, whether it may succeed
 * over another connection.
 */
static bool try_call(struct store_server *server, const struct redis_args *commands, int count,
    redisReply **replies, bool *again)
{
	int error;

	if (!store_server_exchange(server, commands, count, replies)) {
		*again = !server->timed_out;
		return false;
	}
	error = replies_find_error(replies, count);
	if (error < 0)
		return true;
	store_server_failed(server, commands[error].values[0], replies[error]->str);
	*again = is_outdated(replies[error]);
	if (*again)
		store_server_disconnect(server);
	return false;
}

static struct store_server *current_server(struct store *store)
{
	return store->kind == REDIS_SENTINEL ? &store->sentinel.master : &store->server;
}

static bool connect_server(struct store *store)
{
	if (store->kind == REDIS_SENTINEL)
		return store_sentinel_connect(&store->sentinel);
	return store_server_connect(&store->server);
}

static bool call_server(
    struct store *store, const struct redis_args *commands, int count, redisReply **replies)
{
	struct store_server *server = current_server(store);
	bool kept, again;

	for (;;) {
		kept = server->redis != NULL;
		if (!connect_server(store))
			return false;
		if (try_call(server, commands, count, replies, &again))
			return true;
		if (store->kind == REDIS_SENTINEL)
			memcpy(store->sentinel.error, server->error, STORE_ERROR_SIZE);
		if (!kept || !again)
			return false;
		replies_free(replies, STORE_MAX_REPLIES);
	}
}

bool store_call(struct store *store, const struct redis_args *commands, int count)
{
	replies_free(store->replies, STORE_MAX_REPLIES);
	if (store->kind != REDIS_CLUSTER)
		return call_server(store, commands, count, store->replies);
	return store_cluster_call(
	    &store->cluster, commands, count, store->replies, CALL_PATIENCE_MS);
}

static void call_cluster_aside(struct store_cluster *cluster, const struct redis_args *args)
{
	char error[STORE_ERROR_SIZE];
	redisReply *reply = NULL;

	memcpy(error, cluster->error, sizeof(error));
	if (store_cluster_call(cluster, args, 1, &reply, ASIDE_PATIENCE_MS))
		freeReplyObject(reply);
	memcpy(cluster->error, error, sizeof(error));
}

void store_call_aside(struct store *store, const struct redis_args *args)
{
	redisReply *replies[STORE_MAX_REPLIES] = {NULL};

	if (store->kind == REDIS_CLUSTER) {
		call_cluster_aside(&store->cluster, args);
	} else {
		call_server(store, args, 1, replies);
		replies_free(replies, STORE_MAX_REPLIES);
	}
}

/* Of a Cluster, without its queue nothing can be created, whatever else is there. */
enum store_result store_ping(struct store *store)
{
	struct redis_args args = {0};

	redis_args_add(&args, store->kind == REDIS_CLUSTER ? "LLEN" : "PING");
	if (store->kind == REDIS_CLUSTER)
		redis_args_add(&args, store->space.queue);
	return store_call(store, &args, 1) ? STORE_OK : STORE_UNAVAILABLE;
}
