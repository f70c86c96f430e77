#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/base/alloc.h"
#include "config_redis_internal.h"
#include "config_section.h"

static void check_host(const struct config_value *place, const char *host)
{
	if (strlen(host) > REDIS_HOST_MAX)
		config_wrong(place, "a host of %zu bytes, expected at most %d", strlen(host),
		    REDIS_HOST_MAX);
	else if (strchr(host, '/') != NULL)
		config_wrong(place, "a host with a slash in it, expected a name or an address");
}

static void check_hosts(const struct config_value *place, const struct redis_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++)
		check_host(place, nodes->list[i].host);
}

/* Servers to ask are given: what names a single one goes. */
static void drop_single(const struct config_value *place, struct redis_config *redis)
{
	if (redis->host == NULL && redis->socket_path == NULL && redis->port == 0)
		return;
	config_warn(place, "%s are given: host, port and socket_path beside them are ignored",
	    redis_config_kind(redis) == REDIS_CLUSTER ? "startup nodes of a Cluster" : "Sentinels");
	free(redis->host);
	free(redis->socket_path);
	redis->host = redis->socket_path = NULL;
	redis->port = 0;
}

/* LiteLLM once knew one password for both, and still takes that of the Sentinels for the master. */
static void complete_sentinel(struct redis_settings *settings)
{
	struct redis_config *redis = &settings->redis;

	if (!settings->has_password && redis->password == NULL && redis->sentinel_password != NULL)
		redis->password = xstrdup(redis->sentinel_password);
}

static void check_sentinel(const struct config_value *place, struct redis_settings *settings)
{
	const struct redis_config *redis = &settings->redis;

	if (redis->sentinels.count != 0 && redis->service_name == NULL)
		config_wrong(place, "sentinel_nodes without service_name, expected both");
	if (redis->sentinels.count == 0 && redis->service_name != NULL)
		config_wrong(place, "service_name without sentinel_nodes, expected both");
	if (redis->sentinels.count == 0 && redis->sentinel_password != NULL)
		config_wrong(place, "sentinel_password without sentinel_nodes, expected both");
	if (redis->sentinel_username != NULL && redis->sentinel_password == NULL)
		config_wrong(place, "sentinel_username without sentinel_password, expected both");
	check_hosts(place, &redis->sentinels);
	if (redis->sentinels.count != 0)
		complete_sentinel(settings);
}

static void check_cluster(const struct config_value *place, const struct redis_config *redis)
{
	if (redis->startup_nodes.count == 0)
		return;
	if (redis->sentinels.count != 0)
		config_wrong(
		    place, "startup nodes of a Cluster and Sentinels, expected one of both");
	if (redis->db > 0)
		config_wrong(place, "db %d, expected 0: a Cluster has no other", redis->db);
	check_hosts(place, &redis->startup_nodes);
}

static void check_single(const struct config_value *place, const struct redis_config *redis)
{
	const size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (redis->host != NULL)
		check_host(place, redis->host);
	if (redis->socket_path != NULL && strlen(redis->socket_path) > path_max)
		config_wrong(
		    place, "the socket's path is too long, expected at most %zu bytes", path_max);
	if (redis->socket_path != NULL && redis->tls.enabled)
		config_wrong(place, "ssl: true for a socket, expected it for a host and port only");
}

static void check_tls(const struct config_value *place, const struct redis_settings *settings)
{
	const struct redis_tls_config *tls = &settings->redis.tls;

	if (tls->keyfile != NULL && tls->certfile == NULL)
		config_wrong(place, "ssl_keyfile without ssl_certfile, expected both");
	if (!settings->has_ssl && redis_settings_say_how(settings))
		config_warn(place, "TLS is not spoken to Redis, as ssl is not true: ssl_ca_certs "
				   "and the like are ignored");
	if (tls->enabled && tls->no_verify)
		config_warn(place, "ssl_cert_reqs is none: whoever answers is taken for Redis, and "
				   "gets its password");
	else if (tls->enabled && tls->any_host)
		config_warn(place, "ssl_check_hostname is false: whoever has a certificate of the "
				   "same authority is taken for Redis");
}

void redis_settings_check(const struct config_value *place, struct redis_settings *settings)
{
	struct redis_config *redis = &settings->redis;

	if (redis_config_kind(redis) != REDIS_SINGLE)
		drop_single(place, redis);
	check_cluster(place, redis);
	check_sentinel(place, settings);
	check_single(place, redis);
	check_tls(place, settings);
}
