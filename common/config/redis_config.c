#include "redis_config.h"

#include <stdlib.h>
#include <string.h>

enum redis_kind redis_config_kind(const struct redis_config *redis)
{
	if (redis->startup_nodes.count != 0)
		return REDIS_CLUSTER;
	return redis->sentinels.count != 0 ? REDIS_SENTINEL : REDIS_SINGLE;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool are_same_nodes(const struct redis_nodes *a, const struct redis_nodes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!is_same_text(a->list[i].host, b->list[i].host) ||
		    a->list[i].port != b->list[i].port)
			return false;
	return true;
}

static bool is_same_tls(const struct redis_tls_config *a, const struct redis_tls_config *b)
{
	return a->enabled == b->enabled && is_same_text(a->ca_certs, b->ca_certs) &&
	       is_same_text(a->certfile, b->certfile) && is_same_text(a->keyfile, b->keyfile) &&
	       a->no_verify == b->no_verify && a->any_host == b->any_host;
}

static bool is_same_place(const struct redis_config *a, const struct redis_config *b)
{
	return is_same_text(a->host, b->host) && a->port == b->port &&
	       is_same_text(a->socket_path, b->socket_path) && a->db == b->db &&
	       are_same_nodes(&a->sentinels, &b->sentinels) &&
	       is_same_text(a->service_name, b->service_name) &&
	       are_same_nodes(&a->startup_nodes, &b->startup_nodes) &&
	       is_same_text(a->namespace, b->namespace);
}

static bool is_same_login(const struct redis_config *a, const struct redis_config *b)
{
	return is_same_text(a->username, b->username) && is_same_text(a->password, b->password) &&
	       is_same_text(a->sentinel_username, b->sentinel_username) &&
	       is_same_text(a->sentinel_password, b->sentinel_password);
}

bool redis_config_same(const struct redis_config *a, const struct redis_config *b)
{
	return a->enabled == b->enabled && is_same_place(a, b) && is_same_login(a, b) &&
	       is_same_tls(&a->tls, &b->tls);
}

void redis_nodes_clear(struct redis_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++)
		free(nodes->list[i].host);
	free(nodes->list);
	*nodes = (struct redis_nodes){0};
}

void redis_config_clear(struct redis_config *redis)
{
	free(redis->host);
	free(redis->socket_path);
	free(redis->username);
	free(redis->password);
	free(redis->tls.ca_certs);
	free(redis->tls.certfile);
	free(redis->tls.keyfile);
	redis_nodes_clear(&redis->sentinels);
	free(redis->service_name);
	free(redis->sentinel_username);
	free(redis->sentinel_password);
	redis_nodes_clear(&redis->startup_nodes);
	free(redis->namespace);
	*redis = (struct redis_config){.db = -1};
}
