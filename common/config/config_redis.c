#include "config_redis.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_redis_internal.h"
#include "config_redis_nodes.h"
#include "config_section.h"
#include "redis_url.h"

enum { REDIS_PORT = 6379 };

static bool is_unused(const struct config_value *value)
{
	return (value->file->unneeded & CONFIG_FOR_REDIS) != 0;
}

static void read_cache_type(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;
	char *type;

	if (!config_string(value, 0, "redis", &type))
		return;
	draft->is_redis = strcmp(type, "redis") == 0;
	if (!draft->is_redis && !is_unused(value))
		config_warn(value,
		    "\"%.60s\" is not implemented: every request is sent to its provider, no "
		    "answer is kept for later ones",
		    type);
	if (!draft->is_redis)
		value->file->unneeded |= CONFIG_FOR_REDIS;
	free(type);
}

static void read_url(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;
	const char *error;
	char *url;

	if (is_unused(value) || !config_string(value, 0, "a Redis URL", &url))
		return;
	error = redis_url_parse(&draft->url, url);
	if (error != NULL)
		config_wrong(value, "%s", error);
	else
		draft->has_url = true;
	free(url);
}

/* LiteLLM hands it on to redis-py, which knows a socket by this name. */
static void read_unix_socket_path(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;

	if (draft->keys.redis.socket_path == NULL)
		config_string(value, CONFIG_FOR_REDIS, "the path of a socket",
		    &draft->keys.redis.socket_path);
}

static void read_password(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;

	draft->keys.has_password = true;
	config_string(value, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "a password",
	    &draft->keys.redis.password);
}

static void read_ssl(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;
	bool *enabled = &draft->keys.redis.tls.enabled;

	if (is_unused(value) || !config_bool(value, 0, enabled))
		return;
	draft->keys.has_ssl = true;
	if (*enabled && !redis_tls_is_supported())
		config_wrong(value, REDIS_TLS_UNSUPPORTED);
}

static void read_cert_reqs(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;
	char *word;

	if (!config_string(value, CONFIG_FOR_REDIS, REDIS_CERT_REQS_EXPECTED, &word))
		return;
	if (!redis_settings_cert_reqs(&draft->keys, word))
		config_wrong(value, "unknown, expected " REDIS_CERT_REQS_EXPECTED);
	free(word);
}

static void read_check_hostname(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;
	bool check;

	if (!config_bool(value, CONFIG_FOR_REDIS, &check))
		return;
	draft->keys.redis.tls.any_host = !check;
	draft->keys.has_check_hostname = true;
}

static void read_nodes(
    const struct config_value *value, enum redis_nodes_form form, struct redis_nodes *nodes)
{
	if (!is_unused(value) && nodes->count == 0)
		redis_nodes_read(value, form, nodes);
}

static void read_startup_nodes(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;

	read_nodes(value, REDIS_NODES_OF_A_CLUSTER, &draft->keys.redis.startup_nodes);
}

static void read_sentinel_nodes(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;

	read_nodes(value, REDIS_NODES_OF_SENTINELS, &draft->keys.redis.sentinels);
}

static void read_namespace(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;

	redis_namespace_read(value, &draft->keys.redis.namespace);
}

/* Of two names for one thing, the first that stands here wins. */
static const struct config_key cache_keys[] = {
    {"type", CONFIG_READER, .read = read_cache_type},
    {"url", CONFIG_READER, .read = read_url},
    {"host", CONFIG_STRING, CONFIG_FOR_REDIS, "a host", IN(struct redis_draft, keys.redis.host)},
    {"port", CONFIG_INT, CONFIG_FOR_REDIS, IN(struct redis_draft, keys.redis.port), .min = 1,
	.max = 65535},
    {"socket_path", CONFIG_STRING, CONFIG_FOR_REDIS, "the path of a socket",
	IN(struct redis_draft, keys.redis.socket_path)},
    {"unix_socket_path", CONFIG_READER, .read = read_unix_socket_path},
    {"username", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "a user's name",
	IN(struct redis_draft, keys.redis.username)},
    {"password", CONFIG_READER, .read = read_password},
    {"db", CONFIG_INT, CONFIG_FOR_REDIS, IN(struct redis_draft, keys.redis.db), .min = 0,
	.max = INT_MAX},
    {"ssl", CONFIG_READER, .read = read_ssl},
    {"ssl_ca_certs", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "the path of a file",
	IN(struct redis_draft, keys.redis.tls.ca_certs)},
    {"ssl_certfile", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "the path of a file",
	IN(struct redis_draft, keys.redis.tls.certfile)},
    {"ssl_keyfile", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "the path of a file",
	IN(struct redis_draft, keys.redis.tls.keyfile)},
    {"ssl_cert_reqs", CONFIG_READER, .read = read_cert_reqs},
    {"ssl_check_hostname", CONFIG_READER, .read = read_check_hostname},
    {"sentinel_nodes", CONFIG_READER, .read = read_sentinel_nodes},
    {"service_name", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "a service's name",
	IN(struct redis_draft, keys.redis.service_name)},
    {"sentinel_username", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "a user's name",
	IN(struct redis_draft, keys.redis.sentinel_username)},
    {"sentinel_password", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "a password",
	IN(struct redis_draft, keys.redis.sentinel_password)},
    {"redis_startup_nodes", CONFIG_READER, .read = read_startup_nodes},
    {"startup_nodes", CONFIG_READER, .read = read_startup_nodes},
    {"namespace", CONFIG_READER, .read = read_namespace},
};

void redis_draft_read(const struct config_value *cache_params, struct redis_draft *draft)
{
	draft->is_given = true;
	draft->is_wrong = !config_section(
	    cache_params, "a mapping of the cache's settings", KEYS(cache_keys), draft);
}

void redis_draft_clear(struct redis_draft *draft)
{
	redis_settings_clear(&draft->keys);
	redis_settings_clear(&draft->url);
	*draft = (struct redis_draft)REDIS_DRAFT_INIT;
}

bool redis_draft_is_located(const struct redis_draft *draft)
{
	const struct redis_config *redis = &draft->keys.redis;

	return draft->has_url || redis->host != NULL || redis->socket_path != NULL ||
	       redis->startup_nodes.count != 0 || redis->sentinels.count != 0;
}

static bool names_a_place(const struct redis_config *redis)
{
	return redis->host != NULL || redis->port != 0 || redis->socket_path != NULL ||
	       redis->startup_nodes.count != 0 || redis->sentinels.count != 0;
}

/* A URL says where Redis is; the keys beside it only add what it lacks of login and TLS. */
static void use_url(const struct config_value *place, struct redis_draft *draft)
{
	struct redis_settings *url = &draft->url, *keys = &draft->keys;

	if (names_a_place(&keys->redis))
		config_warn(place,
		    "a URL of Redis is given: host, port, socket_path, startup nodes and Sentinels "
		    "beside it are ignored");
	if (keys->redis.tls.enabled && !url->redis.tls.enabled)
		config_wrong(place, "ssl: true beside a URL without TLS, expected rediss://");
	redis_settings_fill_login(url, keys);
	redis_settings_fill_tls(url, keys);
	url->redis.namespace = keys->redis.namespace;
	keys->redis.namespace = NULL;
	redis_settings_clear(keys);
	*keys = *url;
	*url = (struct redis_settings)REDIS_SETTINGS_INIT;
}

static void set_defaults(struct redis_config *redis)
{
	if (redis->host == NULL)
		redis->host = xstrdup("127.0.0.1");
	if (redis->port == 0)
		redis->port = REDIS_PORT;
	if (redis->db < 0)
		redis->db = 0;
}

static void locate(const struct config_value *cache, const struct config_value *elsewhere,
    struct redis_draft *draft)
{
	if (redis_draft_is_located(draft))
		redis_environment_warn(cache);
	else
		redis_environment_locate(cache, draft);
	if (!redis_draft_is_located(draft) && elsewhere != NULL)
		config_wrong(elsewhere, "the only place that names a Redis, which is not the one "
					"of responses, expected that in "
					"litellm_settings.cache_params");
}

static void complete(const struct config_value *cache, const struct config_value *elsewhere,
    struct redis_draft *draft)
{
	const struct config_value params = config_place(cache->parent, "cache_params");
	const bool is_cache = strcmp(cache->key, "cache") == 0;
	const struct config_value *place = is_cache && draft->is_given ? &params : cache;
	const size_t errors_before = cache->file->error_count;

	locate(cache, elsewhere, draft);
	if (draft->has_url)
		use_url(place, draft);
	else
		redis_environment_fill(cache, &draft->keys);
	if (cache->file->error_count == errors_before)
		redis_settings_check(place, &draft->keys);
}

void redis_draft_finish(const struct config_value *cache, const struct config_value *elsewhere,
    struct redis_draft *draft, struct redis_config *redis)
{
	const bool enabled = cache != NULL && draft->is_redis;

	if (enabled && !draft->is_wrong)
		complete(cache, elsewhere, draft);
	set_defaults(&draft->keys.redis);
	*redis = draft->keys.redis;
	redis->enabled = enabled;
	redis_settings_clear(&draft->url);
}
