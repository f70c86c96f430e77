#include <limits.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "config_redis_internal.h"
#include "config_redis_nodes.h"
#include "config_section.h"
#include "redis_url.h"

/* The variable's text; NULL if it is unset or empty. */
static const char *environment(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* What is in a variable may be secret, so it is not shown. */
static void wrong(const struct config_value *cache, const char *name, const char *expected)
{
	config_wrong(cache, "the value of environment variable %s, expected %s", name, expected);
}

static void read_string(const char *name, char **out)
{
	const char *text = environment(name);

	if (text != NULL && *out == NULL)
		*out = xstrdup(text);
}

static bool read_bool(const struct config_value *cache, const char *name, bool *out)
{
	const char *text = environment(name);

	if (text == NULL)
		return false;
	if (config_boolean(text, out))
		return true;
	wrong(cache, name, "true or false");
	return false;
}

static void read_port(const struct config_value *cache, int *port)
{
	const char *text = environment("REDIS_PORT");
	long long number;

	if (text == NULL || *port != 0)
		return;
	if (config_integer(text, 1, 65535, &number))
		*port = (int)number;
	else
		wrong(cache, "REDIS_PORT", "an integer from 1 to 65535");
}

static void read_db(const struct config_value *cache, int *db)
{
	const char *text = environment("REDIS_DB");
	long long number;

	if (text == NULL || *db >= 0)
		return;
	if (config_integer(text, 0, INT_MAX, &number))
		*db = (int)number;
	else
		wrong(cache, "REDIS_DB", "an integer from 0 to 2147483647");
}

static void read_url(const struct config_value *cache, const char *url, struct redis_draft *draft)
{
	const char *error = redis_url_parse(&draft->url, url);

	if (error != NULL)
		config_wrong(cache, "environment variable REDIS_URL: %s", error);
	draft->has_url = true;
}

static void read_nodes(const struct config_value *cache, const char *name,
    enum redis_nodes_form form, struct redis_nodes *nodes)
{
	const char *text = environment(name);

	if (text != NULL && !redis_nodes_parse(text, form, nodes))
		wrong(cache, name, redis_nodes_expected(form));
}

void redis_environment_locate(const struct config_value *cache, struct redis_draft *draft)
{
	const char *url = environment("REDIS_URL");
	struct redis_config *redis = &draft->keys.redis;

	if (url != NULL) {
		read_url(cache, url, draft);
		return;
	}
	read_nodes(cache, "REDIS_CLUSTER_NODES", REDIS_NODES_OF_A_CLUSTER, &redis->startup_nodes);
	read_nodes(cache, "REDIS_SENTINEL_NODES", REDIS_NODES_OF_SENTINELS, &redis->sentinels);
	read_string("REDIS_SERVICE_NAME", &redis->service_name);
	if (redis_config_kind(redis) != REDIS_SINGLE)
		return;
	read_string("REDIS_HOST", &redis->host);
	read_string("REDIS_UNIX_SOCKET_PATH", &redis->socket_path);
}

bool redis_is_in_environment(void)
{
	static const char *const names[] = {
	    "REDIS_URL", "REDIS_CLUSTER_NODES", "REDIS_SENTINEL_NODES", "REDIS_HOST"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (environment(names[i]) != NULL)
			return true;
	}
	return false;
}

void redis_environment_warn(const struct config_value *cache)
{
	static const char *const names[] = {
	    "REDIS_URL", "REDIS_CLUSTER_NODES", "REDIS_SENTINEL_NODES"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (environment(names[i]) != NULL)
			config_warn(cache,
			    "environment variable %s is ignored: the file says where Redis is",
			    names[i]);
}

static void fill_tls(const struct config_value *cache, struct redis_settings *settings)
{
	const char *cert_reqs = environment("REDIS_SSL_CERT_REQS");
	struct redis_tls_config *tls = &settings->redis.tls;
	bool check;

	if (!settings->has_ssl)
		settings->has_ssl = read_bool(cache, "REDIS_SSL", &tls->enabled);
	if (tls->enabled && !redis_tls_is_supported())
		config_wrong(cache, "environment variable REDIS_SSL: " REDIS_TLS_UNSUPPORTED);
	if (!tls->enabled)
		return;
	read_string("REDIS_SSL_CA_CERTS", &tls->ca_certs);
	read_string("REDIS_SSL_CERTFILE", &tls->certfile);
	read_string("REDIS_SSL_KEYFILE", &tls->keyfile);
	if (!settings->has_cert_reqs && cert_reqs != NULL &&
	    !redis_settings_cert_reqs(settings, cert_reqs))
		wrong(cache, "REDIS_SSL_CERT_REQS", REDIS_CERT_REQS_EXPECTED);
	if (!settings->has_check_hostname && read_bool(cache, "REDIS_SSL_CHECK_HOSTNAME", &check))
		tls->any_host = !check;
}

static void fill_sentinel(struct redis_config *redis)
{
	if (redis->sentinels.count == 0)
		return;
	read_string("REDIS_SERVICE_NAME", &redis->service_name);
	read_string("REDIS_SENTINEL_PASSWORD", &redis->sentinel_password);
}

void redis_environment_fill(const struct config_value *cache, struct redis_settings *settings)
{
	struct redis_config *redis = &settings->redis;

	read_string("REDIS_USERNAME", &redis->username);
	if (!settings->has_password)
		read_string("REDIS_PASSWORD", &redis->password);
	read_db(cache, &redis->db);
	if (redis_config_kind(redis) == REDIS_SINGLE && redis->socket_path == NULL)
		read_port(cache, &redis->port);
	fill_sentinel(redis);
	fill_tls(cache, settings);
}
