#include "config_redis.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/base/alloc.h"
#include "config_section.h"
#include "redis_url.h"

enum { REDIS_PORT = 6379 };

static void read_cache_type(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;
	char *type;

	if (!config_string(value, 0, "redis", &type))
		return;
	draft->is_redis = strcmp(type, "redis") == 0;
	if (!draft->is_redis)
		value->file->unneeded |= CONFIG_FOR_REDIS;
	free(type);
}

static bool is_unused(const struct config_value *value)
{
	return (value->file->unneeded & CONFIG_FOR_REDIS) != 0;
}

static void read_redis_url(const struct config_value *value, void *dest)
{
	static const char expected[] = "a Redis URL";
	struct redis_draft *draft = dest;
	const char *error;
	char *url;

	if (is_unused(value) || !config_string(value, 0, expected, &url))
		return;
	error = redis_url_parse(&draft->url, url);
	if (error != NULL)
		config_wrong(value, "%s", error);
	else
		draft->has_url = true;
	free(url);
}

static void read_redis_ssl(const struct config_value *value, void *dest)
{
	bool ssl;

	(void)dest;
	if (!is_unused(value) && config_bool(value, 0, &ssl) && ssl)
		config_wrong(value, REDIS_TLS_UNSUPPORTED);
}

#define NOT_SUPPORTED(what) what " is not supported, expected the host or url of a single Redis"

static void read_cluster(const struct config_value *value, void *dest)
{
	(void)dest;
	if (!is_unused(value) && config_says(value))
		config_wrong(value, NOT_SUPPORTED("Redis Cluster"));
}

static void read_sentinel(const struct config_value *value, void *dest)
{
	(void)dest;
	if (!is_unused(value) && config_says(value))
		config_wrong(value, NOT_SUPPORTED("Redis Sentinel"));
}

/* LiteLLM hands it on to redis-py, which knows a socket by this name. */
static void read_unix_socket_path(const struct config_value *value, void *dest)
{
	struct redis_draft *draft = dest;

	if (draft->redis.socket_path == NULL)
		config_string(
		    value, CONFIG_FOR_REDIS, "the path of a socket", &draft->redis.socket_path);
}

static const struct config_key cache_keys[] = {
    {"type", CONFIG_READER, .read = read_cache_type},
    {"url", CONFIG_READER, .read = read_redis_url},
    {"ssl", CONFIG_READER, .read = read_redis_ssl},
    {"host", CONFIG_STRING, CONFIG_FOR_REDIS, "a host", IN(struct redis_draft, redis.host)},
    {"port", CONFIG_INT, CONFIG_FOR_REDIS, IN(struct redis_draft, redis.port), .min = 1,
	.max = 65535},
    {"socket_path", CONFIG_STRING, CONFIG_FOR_REDIS, "the path of a socket",
	IN(struct redis_draft, redis.socket_path)},
    {"unix_socket_path", CONFIG_READER, .read = read_unix_socket_path},
    {"redis_startup_nodes", CONFIG_READER, .read = read_cluster},
    {"startup_nodes", CONFIG_READER, .read = read_cluster},
    {"sentinel_nodes", CONFIG_READER, .read = read_sentinel},
    {"sentinel_password", CONFIG_READER, .read = read_sentinel},
    {"service_name", CONFIG_READER, .read = read_sentinel},
    {"username", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "a user's name",
	IN(struct redis_draft, redis.username)},
    {"password", CONFIG_STRING, CONFIG_FOR_REDIS | CONFIG_MAY_BE_EMPTY, "a password",
	IN(struct redis_draft, redis.password)},
    {"db", CONFIG_INT, CONFIG_FOR_REDIS, IN(struct redis_draft, redis.db), .min = 0,
	.max = INT_MAX},
};

void redis_draft_read(const struct config_value *cache_params, struct redis_draft *draft)
{
	config_section(cache_params, "a mapping of the cache's settings", KEYS(cache_keys), draft);
}

/* Moves what *to lacks out of *from. */
static void take_string(char **to, char **from)
{
	if (*to != NULL)
		return;
	*to = *from;
	*from = NULL;
}

static void take_login(struct redis_config *to, struct redis_config *from)
{
	take_string(&to->username, &from->username);
	take_string(&to->password, &from->password);
	if (to->db < 0)
		to->db = from->db;
}

static void take_address(struct redis_config *to, struct redis_config *from)
{
	take_string(&to->host, &from->host);
	take_string(&to->socket_path, &from->socket_path);
	if (to->port == 0)
		to->port = from->port;
}

/* The variable's text; NULL if it is unset or empty. */
static const char *environment(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static void read_environment_string(const char *name, char **out)
{
	const char *text = environment(name);

	if (text != NULL)
		*out = xstrdup(text);
}

static void read_environment_int(
    const struct config_value *cache, const char *name, int min, int max, int *out)
{
	const char *text = environment(name);
	long long number;

	if (text == NULL)
		return;
	if (config_integer(text, min, max, &number))
		*out = (int)number;
	else
		config_wrong(cache,
		    "the value of environment variable %s, expected an integer from %d to %d", name,
		    min, max);
}

static void refuse_environment_tls(const struct config_value *cache)
{
	const char *text = environment("REDIS_SSL");
	bool ssl;

	if (text != NULL && (!config_boolean(text, &ssl) || ssl))
		config_wrong(cache, "environment variable REDIS_SSL: " REDIS_TLS_UNSUPPORTED);
}

/* They win over REDIS_HOST, as in LiteLLM. */
static void refuse_environment_nodes(const struct config_value *cache)
{
	static const struct {
		const char *name, *problem;
	} variables[] = {
	    {"REDIS_CLUSTER_NODES", NOT_SUPPORTED("Redis Cluster")},
	    {"REDIS_SENTINEL_NODES", NOT_SUPPORTED("Redis Sentinel")},
	    {"REDIS_SENTINEL_PASSWORD", NOT_SUPPORTED("Redis Sentinel")},
	    {"REDIS_SERVICE_NAME", NOT_SUPPORTED("Redis Sentinel")},
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (environment(variables[i].name) != NULL)
			config_wrong(cache, "environment variable %s: %s", variables[i].name,
			    variables[i].problem);
	}
}

/* The variables that LiteLLM looks at when the file does not say where Redis is. */
static void read_redis_environment(struct redis_draft *draft, const struct config_value *cache)
{
	const char *url = environment("REDIS_URL");
	struct redis_config redis = {.db = -1};

	if (url != NULL) {
		const char *error = redis_url_parse(&draft->url, url);

		if (error != NULL)
			config_wrong(cache, "environment variable REDIS_URL: %s", error);
		draft->has_url = true;
		return;
	}
	refuse_environment_nodes(cache);
	refuse_environment_tls(cache);
	read_environment_string("REDIS_HOST", &redis.host);
	read_environment_string("REDIS_UNIX_SOCKET_PATH", &redis.socket_path);
	read_environment_string("REDIS_USERNAME", &redis.username);
	read_environment_string("REDIS_PASSWORD", &redis.password);
	read_environment_int(cache, "REDIS_PORT", 1, 65535, &redis.port);
	read_environment_int(cache, "REDIS_DB", 0, INT_MAX, &redis.db);
	take_address(&draft->redis, &redis);
	take_login(&draft->redis, &redis);
	redis_config_clear(&redis);
}

/* A URL says where Redis is; the keys beside it only add the login that it lacks. */
static void use_redis_url(struct redis_draft *draft, const struct config_value *cache)
{
	struct redis_config *redis = &draft->redis;

	if (redis->host != NULL || redis->port != 0 || redis->socket_path != NULL)
		config_warn(cache, "a URL of Redis is given: "
				   "host, port and socket_path beside it are ignored");
	take_login(&draft->url, redis);
	redis_config_clear(redis);
	*redis = draft->url;
	draft->url = (struct redis_config){0};
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

static bool is_located(const struct redis_draft *draft)
{
	return draft->has_url || draft->redis.host != NULL || draft->redis.socket_path != NULL;
}

static void locate(struct redis_draft *draft, const struct config_value *cache,
    const struct config_value *elsewhere)
{
	struct redis_config *redis = &draft->redis;
	const size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (!is_located(draft))
		read_redis_environment(draft, cache);
	if (!is_located(draft) && elsewhere != NULL)
		config_wrong(elsewhere, "the only place that names a Redis, which is not the one "
					"of responses, expected that in "
					"litellm_settings.cache_params");
	if (draft->has_url)
		use_redis_url(draft, cache);
	if (redis->socket_path != NULL && strlen(redis->socket_path) > path_max)
		config_wrong(
		    cache, "the socket's path is too long, expected at most %zu bytes", path_max);
}

void redis_draft_finish(const struct config_value *cache, const struct config_value *elsewhere,
    struct redis_draft *draft, struct redis_config *redis)
{
	const bool enabled = cache != NULL && draft->is_redis;

	if (enabled)
		locate(draft, cache, elsewhere);
	set_defaults(&draft->redis);
	*redis = draft->redis;
	redis->enabled = enabled;
	redis_config_clear(&draft->url);
}
