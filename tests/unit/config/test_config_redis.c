#include <stdio.h>
#include <string.h>

#include "common/config/redis_settings.h"
#include "loaded.h"

static struct result load_redis(const char *params)
{
	char text[1024];

	snprintf(
	    text, sizeof(text), "litellm_settings:\n  cache: true\n  cache_params: {%s}\n", params);
	return load(text);
}

static struct result load_right_redis(const char *params)
{
	struct result result = load_redis(params);

	assert_string_equal(result.errors, "");
	assert_true(result.config->redis.enabled);
	return result;
}

static void load_right_redis_and_drop(const char *params)
{
	struct result result = load_right_redis(params);

	done(&result);
}

/* key is "" for the whole of cache_params. */
static void assert_redis_error(const char *params, const char *key, const char *problem)
{
	struct result result = load_redis(params);
	char line[512];

	assert_null(result.config);
	snprintf(line, sizeof(line), "config.yaml:3: litellm_settings.cache_params%s%s: %s\n",
	    key[0] != '\0' ? "." : "", key, problem);
	assert_string_equal(result.errors, line);
	assert_lacks(result.errors, "hidden");
	assert_lacks(result.log, "hidden");
	done(&result);
}

static void needs_tls(void)
{
	if (!redis_tls_is_supported())
		skip();
}

static void assert_text(const char *text, const char *expected)
{
	if (expected == NULL)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

static void a_redis_url_is_taken_apart(void **state)
{
	static const struct {
		const char *url;
		struct {
			const char *host;
			const char *socket_path;
			const char *username;
			const char *password;
			int port;
			int db;
		} expected;
	} cases[] = {
	    {"redis://cache.example", {"cache.example", NULL, NULL, NULL, 6379, 0}},
	    {"redis://cache.example:7000/5", {"cache.example", NULL, NULL, NULL, 7000, 5}},
	    {"redis://cache.example:/", {"cache.example", NULL, NULL, NULL, 6379, 0}},
	    {"redis://cache.example?db=4", {"cache.example", NULL, NULL, NULL, 6379, 4}},
	    {"redis://cache.example/3?db=4", {"cache.example", NULL, NULL, NULL, 6379, 4}},
	    {"redis://cache.example/3?db=&", {"cache.example", NULL, NULL, NULL, 6379, 3}},
	    {"redis://cache.example/1?", {"cache.example", NULL, NULL, NULL, 6379, 1}},
	    {"redis://", {"127.0.0.1", NULL, NULL, NULL, 6379, 0}},
	    {"redis://:pw@h/0", {"h", NULL, NULL, "pw", 6379, 0}},
	    {"redis://user@h", {"h", NULL, "user", NULL, 6379, 0}},
	    {"redis://us%40er:p%3Aw%2f%25@h:1", {"h", NULL, "us@er", "p:w/%", 1, 0}},
	    {"redis://user:p@w:x@h:1", {"h", NULL, "user", "p@w:x", 1, 0}},
	    {"redis://user:pw?x@h:1/2", {"h", NULL, "user", "pw?x", 1, 2}},
	    {"redis://[::1]", {"::1", NULL, NULL, NULL, 6379, 0}},
	    {"redis://u:p@[fe80::1]:65535/9", {"fe80::1", NULL, "u", "p", 65535, 9}},
	    {"unix:///run/redis.sock", {"127.0.0.1", "/run/redis.sock", NULL, NULL, 6379, 0}},
	    {"unix:///run/a%20b.sock?db=2", {"127.0.0.1", "/run/a b.sock", NULL, NULL, 6379, 2}},
	    {"unix://u:p@/run/r.sock", {"127.0.0.1", "/run/r.sock", "u", "p", 6379, 0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char params[128];
		struct result result;
		const struct redis_config *redis;

		snprintf(params, sizeof(params), "url: '%s'", cases[i].url);
		result = load_redis(params);
		assert_string_equal(result.errors, "");
		redis = &result.config->redis;
		assert_true(redis->enabled);
		assert_text(redis->host, cases[i].expected.host);
		assert_text(redis->socket_path, cases[i].expected.socket_path);
		assert_text(redis->username, cases[i].expected.username);
		assert_text(redis->password, cases[i].expected.password);
		assert_int_equal(redis->port, cases[i].expected.port);
		assert_int_equal(redis->db, cases[i].expected.db);
		done(&result);
	}
}

static void a_wrong_redis_url_is_an_error_that_does_not_show_it(void **state)
{
	static const struct {
		const char *url;
		const char *problem;
	} cases[] = {
	    {"hidden", "not a Redis URL, expected redis://"},
	    {"http://hidden", "not a Redis URL, expected redis://"},
	    {"redis:/hidden", "not a Redis URL, expected redis://"},
	    {"redis://[::1", "not a Redis URL, expected redis://"},
	    {"redis://[::1]hidden", "not a Redis URL, expected redis://"},
	    {"unix://", "not a Redis URL, expected redis://"},
	    {"unix://hidden/redis.sock", "not a Redis URL, expected redis://"},
	    {"redis://u:hidden@h?ssl_cert_reqs=none",
		"it says how to speak TLS, and to speak none"},
	    {"unix:///hidden?ssl_ca_certs=/hidden", "it says how to speak TLS, and to speak none"},
	    {"redis://h:port", "not a port number, expected one from 1 to 65535"},
	    {"redis://h:65536", "not a port number, expected one from 1 to 65535"},
	    {"redis://h:0", "not a port number, expected one from 1 to 65535"},
	    {"redis://u:hid/den@h", "not a port number, expected one from 1 to 65535"},
	    {"redis://h/hidden", "not a database number, expected one of 0 or more"},
	    {"redis://h/-1", "not a database number, expected one of 0 or more"},
	    {"redis://h/99999999999", "not a database number, expected one of 0 or more"},
	    {"redis://h?db=hidden", "not a database number, expected one of 0 or more"},
	    {"redis://h?password=hidden",
		"unknown parameters behind the ?, expected db, ssl_cert_reqs"},
	    {"redis://h?db=1&hidden",
		"unknown parameters behind the ?, expected db, ssl_cert_reqs"},
	    {"redis://h?ssl_cert_reqs=hidden",
		"unknown ssl_cert_reqs, expected required, optional"},
	    {"redis://h?ssl_check_hostname=hidden", "wrong ssl_check_hostname, expected true or"},
	    {"redis://h?ssl_ca_certs=%hidden", "a % that begins no %XX of a printable character"},
	    {"redis://u:%zzhidden@h", "a % that begins no %XX of a printable character"},
	    {"redis://u:hidden%0a@h", "a % that begins no %XX of a printable character"},
	    {"redis://u:hidden%00@h", "a % that begins no %XX of a printable character"},
	    {"redis://u:hidden%7f@h", "a % that begins no %XX of a printable character"},
	    {"redis://u:hidden%4@h", "a % that begins no %XX of a printable character"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char params[128], message[256];
		struct result result;

		snprintf(params, sizeof(params), "url: '%s'", cases[i].url);
		result = load_redis(params);
		assert_null(result.config);
		snprintf(message, sizeof(message),
		    "config.yaml:3: litellm_settings.cache_params.url: %s", cases[i].problem);
		assert_holds(result.errors, message);
		assert_int_equal(count_of(result.errors, "\n"), 1);
		assert_lacks(result.errors, "hid");
		assert_lacks(result.log, "hid");
		done(&result);
	}
}

static void wrong_settings_of_redis_are_errors(void **state)
{
	char path[160] = "socket_path: /", host[300] = "host: ";

	(void)state;
	assert_redis_error("port: 0", "port", "\"0\", expected an integer from 1 to 65535");
	assert_redis_error("db: -1", "db", "\"-1\", expected an integer from 0 to 2147483647");
	assert_redis_error(
	    "db: 2147483648", "db", "\"2147483648\", expected an integer from 0 to 2147483647");
	assert_redis_error("host: ''", "host", "nothing in it, expected a host");
	assert_redis_error("host: /run/redis.sock", "",
	    "a host with a slash in it, expected a name or an address");
	memset(path + strlen(path), 'x', 107);
	assert_redis_error(path, "", "the socket's path is too long, expected at most 107 bytes");
	memset(host + strlen(host), 'x', 256);
	assert_redis_error(host, "", "a host of 256 bytes, expected at most 255");
}

static void the_socket_path_is_kept_beside_the_host(void **state)
{
	struct result result =
	    load_right_redis("socket_path: /run/redis.sock, password: '', db: 1");

	(void)state;
	assert_string_equal(result.config->redis.socket_path, "/run/redis.sock");
	assert_null(result.config->redis.password);
	assert_int_equal(result.config->redis.db, 1);
	done(&result);
}

static void a_url_takes_the_login_it_lacks_from_the_keys_beside_it(void **state)
{
	struct result result =
	    load_redis("url: 'redis://h/2', username: u, password: p, db: 3, host: other");

	(void)state;
	assert_string_equal(result.errors, "");
	assert_string_equal(result.config->redis.host, "h");
	assert_string_equal(result.config->redis.username, "u");
	assert_string_equal(result.config->redis.password, "p");
	assert_int_equal(result.config->redis.db, 2);
	assert_holds(result.log, "a URL of Redis is given: host, port, socket_path");
	done(&result);
}

static void the_environment_says_where_redis_is_if_the_file_does_not(void **state)
{
	struct result result;

	(void)state;
	setenv("REDIS_HOST", "from.env", 1);
	setenv("REDIS_PORT", "7001", 1);
	setenv("REDIS_USERNAME", "env-user", 1);
	setenv("REDIS_PASSWORD", "env-pass", 1);
	setenv("REDIS_DB", "6", 1);
	setenv("REDIS_SSL", "False", 1);
	result = load_right(CONFIG_SUPERVISOR, "litellm_settings: {cache: true}\n");
	assert_true(result.config->redis.enabled);
	assert_string_equal(result.config->redis.host, "from.env");
	assert_int_equal(result.config->redis.port, 7001);
	assert_string_equal(result.config->redis.username, "env-user");
	assert_string_equal(result.config->redis.password, "env-pass");
	assert_int_equal(result.config->redis.db, 6);
	done(&result);

	setenv("REDIS_URL", "redis://u:p@url.env:7003", 1);
	result = load_redis("type: redis");
	assert_string_equal(result.config->redis.host, "url.env");
	assert_int_equal(result.config->redis.port, 7003);
	assert_string_equal(result.config->redis.password, "p");
	assert_int_equal(result.config->redis.db, 0);
	done(&result);
}

/* As in LiteLLM, where each variable stands for one key that the file lacks. */
static void the_environment_adds_what_the_file_does_not_say(void **state)
{
	struct result result;

	(void)state;
	setenv("REDIS_HOST", "from.env", 1);
	setenv("REDIS_PORT", "7001", 1);
	setenv("REDIS_USERNAME", "env-user", 1);
	setenv("REDIS_PASSWORD", "env-pass", 1);
	result = load_right_redis("password: from-file, port: 7002");
	assert_string_equal(result.config->redis.host, "from.env");
	assert_int_equal(result.config->redis.port, 7002);
	assert_string_equal(result.config->redis.password, "from-file");
	done(&result);

	result = load_right_redis("host: from.file");
	assert_string_equal(result.config->redis.host, "from.file");
	assert_int_equal(result.config->redis.port, 7001);
	assert_string_equal(result.config->redis.username, "env-user");
	assert_string_equal(result.config->redis.password, "env-pass");
	done(&result);

	result = load_right_redis("host: from.file, username: u, password: ''");
	assert_string_equal(result.config->redis.username, "u");
	assert_null(result.config->redis.password);
	done(&result);

	result = load_right_redis("url: 'redis://url.file'");
	assert_int_equal(result.config->redis.port, 6379);
	assert_null(result.config->redis.password);
	done(&result);
}

static void a_place_in_the_environment_beside_one_in_the_file_is_a_warning(void **state)
{
	static const char *const names[] = {
	    "REDIS_URL", "REDIS_CLUSTER_NODES", "REDIS_SENTINEL_NODES"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char warning[128];
		struct result result;

		setenv(names[i], "hidden", 1);
		result = load_right_redis("host: from.file");
		snprintf(warning, sizeof(warning),
		    "environment variable %s is ignored: the file says where Redis is", names[i]);
		assert_holds(result.log, warning);
		assert_lacks(result.log, "hidden");
		assert_string_equal(result.config->redis.host, "from.file");
		done(&result);
		unsetenv(names[i]);
	}
}

static void without_any_hint_redis_is_on_the_loopback_address(void **state)
{
	struct result result;

	(void)state;
	setenv("REDIS_URL", "", 1);
	result = load_right(CONFIG_SUPERVISOR, "litellm_settings: {cache: true}\n");
	assert_true(result.config->redis.enabled);
	assert_string_equal(result.config->redis.host, "127.0.0.1");
	assert_int_equal(result.config->redis.port, 6379);
	done(&result);
}

static void wrong_variables_of_redis_are_errors_that_do_not_show_them(void **state)
{
	static const struct {
		const char *name, *expected;
	} cases[] = {
	    {"REDIS_PORT", "an integer from 1 to 65535"},
	    {"REDIS_DB", "an integer from 0 to 2147483647"},
	    {"REDIS_SSL", "true or false"},
	    {"REDIS_CLUSTER_NODES", "a list as [{\"host\": \"127.0.0.1\", \"port\": 6379}]"},
	    {"REDIS_SENTINEL_NODES", "a list as [[\"127.0.0.1\", 26379]]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char message[200];

		setenv(cases[i].name, "hidden", 1);
		snprintf(message, sizeof(message),
		    "2: litellm_settings.cache: the value of environment variable %s, expected %s",
		    cases[i].name, cases[i].expected);
		assert_error("litellm_settings:\n  cache: true\n", message);
		unsetenv(cases[i].name);
	}
}

static void a_socket_has_the_name_of_redis_py_too(void **state)
{
	struct result result = load_redis("host: h, unix_socket_path: /run/r.sock");

	(void)state;
	assert_string_equal(result.config->redis.socket_path, "/run/r.sock");
	done(&result);
	result = load_redis("socket_path: /run/ours.sock, unix_socket_path: /run/r.sock");
	assert_string_equal(result.config->redis.socket_path, "/run/ours.sock");
	done(&result);
	setenv("REDIS_UNIX_SOCKET_PATH", "/run/env.sock", 1);
	result = load_redis("type: redis");
	assert_string_equal(result.config->redis.socket_path, "/run/env.sock");
	done(&result);
}

static void the_router_s_redis_is_not_taken_for_that_of_responses(void **state)
{
	static const char cached[] = "litellm_settings: {cache: true}\n"
				     "router_settings:\n"
				     "  redis_host: h\n"
				     "  redis_port: 7001\n";

	(void)state;
	assert_error(cached, "3: router_settings.redis_host: the only place that names a Redis, "
			     "which is not the one of responses, expected that in "
			     "litellm_settings.cache_params");
	assert_error("litellm_settings: {cache: true}\n"
		     "router_settings: {redis_url: 'redis://:hidden@h'}\n",
	    "2: router_settings.redis_url: the only place that names a Redis, "
	    "which is not the one of responses, expected that in "
	    "litellm_settings.cache_params");
	load_right_and_drop("router_settings: {redis_host: h}\n");
	load_right_and_drop("litellm_settings: {cache: true}\n"
			    "router_settings: {redis_host: os.environ/TEST_A, redis_url: ''}\n");
	load_right_and_drop("litellm_settings: {cache: true, cache_params: {host: other}}\n"
			    "router_settings: {redis_host: h}\n");
	setenv("REDIS_HOST", "from.env", 1);
	load_right_and_drop(cached);
}

/* TLS */

static void tls_is_spoken_as_the_keys_say(void **state)
{
	struct result result;
	const struct redis_tls_config *tls;

	(void)state;
	needs_tls();
	result = load_right_redis("host: h, ssl: true");
	tls = &result.config->redis.tls;
	assert_true(tls->enabled);
	assert_null(tls->ca_certs);
	assert_false(tls->no_verify);
	assert_false(tls->any_host);
	assert_lacks(result.log, "ssl");
	done(&result);

	result = load_right_redis("host: h, ssl: true, ssl_ca_certs: /ca, ssl_certfile: /cert, "
				  "ssl_keyfile: /key, ssl_cert_reqs: Optional, "
				  "ssl_check_hostname: true");
	tls = &result.config->redis.tls;
	assert_string_equal(tls->ca_certs, "/ca");
	assert_string_equal(tls->certfile, "/cert");
	assert_string_equal(tls->keyfile, "/key");
	assert_false(tls->no_verify);
	assert_false(tls->any_host);
	assert_lacks(result.log, "ssl");
	done(&result);
}

static void tls_that_does_not_look_who_answers_is_a_warning(void **state)
{
	struct result result;

	(void)state;
	needs_tls();
	result = load_right_redis("host: h, ssl: true, ssl_cert_reqs: none");
	assert_true(result.config->redis.tls.no_verify);
	assert_holds(result.log, "cache_params: ssl_cert_reqs is none: whoever answers is taken");
	done(&result);
	result = load_right_redis("host: h, ssl: true, ssl_check_hostname: false");
	assert_false(result.config->redis.tls.no_verify);
	assert_true(result.config->redis.tls.any_host);
	assert_holds(result.log, "cache_params: ssl_check_hostname is false: whoever has a");
	done(&result);
}

static void a_url_over_tls_says_how_or_takes_it_from_the_keys_beside_it(void **state)
{
	struct result result;
	const struct redis_tls_config *tls;

	(void)state;
	needs_tls();
	result = load_right_redis("url: 'rediss://u:p@h:7000/2?ssl_ca_certs=/a%20ca&"
				  "ssl_certfile=/cert&ssl_keyfile=/key&ssl_cert_reqs=none'");
	tls = &result.config->redis.tls;
	assert_string_equal(result.config->redis.host, "h");
	assert_int_equal(result.config->redis.db, 2);
	assert_true(tls->enabled);
	assert_string_equal(tls->ca_certs, "/a ca");
	assert_string_equal(tls->certfile, "/cert");
	assert_string_equal(tls->keyfile, "/key");
	assert_true(tls->no_verify);
	done(&result);

	result = load_right_redis("url: 'rediss://h?ssl_ca_certs=/ca&ssl_check_hostname=no', "
				  "ssl: false, ssl_ca_certs: /other, ssl_check_hostname: true, "
				  "ssl_cert_reqs: none");
	tls = &result.config->redis.tls;
	assert_true(tls->enabled);
	assert_string_equal(tls->ca_certs, "/ca");
	assert_true(tls->any_host);
	assert_true(tls->no_verify);
	done(&result);
}

static void the_environment_says_how_tls_is_spoken_if_the_file_does_not(void **state)
{
	struct result result;
	const struct redis_tls_config *tls;

	(void)state;
	needs_tls();
	setenv("REDIS_SSL", "True", 1);
	setenv("REDIS_SSL_CA_CERTS", "/env/ca", 1);
	setenv("REDIS_SSL_CERTFILE", "/env/cert", 1);
	setenv("REDIS_SSL_KEYFILE", "/env/key", 1);
	setenv("REDIS_SSL_CERT_REQS", "none", 1);
	setenv("REDIS_SSL_CHECK_HOSTNAME", "False", 1);
	result = load_right_redis("host: h, ssl_ca_certs: /ca");
	tls = &result.config->redis.tls;
	assert_true(tls->enabled);
	assert_string_equal(tls->ca_certs, "/ca");
	assert_string_equal(tls->certfile, "/env/cert");
	assert_string_equal(tls->keyfile, "/env/key");
	assert_true(tls->no_verify);
	assert_true(tls->any_host);
	done(&result);

	result = load_right_redis("host: h, ssl: false");
	assert_false(result.config->redis.tls.enabled);
	assert_lacks(result.log, "ssl");
	done(&result);

	setenv("REDIS_SSL_CERT_REQS", "hidden", 1);
	assert_error("litellm_settings:\n  cache: true\n",
	    "2: litellm_settings.cache: the value of environment variable REDIS_SSL_CERT_REQS, "
	    "expected required, optional or none");
}

static void wrong_settings_of_tls_are_errors(void **state)
{
	(void)state;
	assert_redis_error("ssl: maybe", "ssl", "\"maybe\", expected true or false");
	assert_redis_error("ssl_cert_reqs: hidden", "ssl_cert_reqs",
	    "unknown, expected required, optional or none");
	needs_tls();
	assert_redis_error("host: h, ssl: true, ssl_keyfile: /key", "",
	    "ssl_keyfile without ssl_certfile, expected both");
	assert_redis_error("socket_path: /s, ssl: true", "",
	    "ssl: true for a socket, expected it for a host and port only");
	assert_redis_error("url: 'redis://h', ssl: true", "",
	    "ssl: true beside a URL without TLS, expected rediss://");
}

static void what_says_how_to_speak_tls_where_none_is_spoken_is_a_warning(void **state)
{
	struct result result = load_right_redis("host: h, ssl_ca_certs: /ca");

	(void)state;
	assert_false(result.config->redis.tls.enabled);
	assert_holds(result.log, "TLS is not spoken to Redis, as ssl is not true");
	done(&result);
}

static void without_tls_in_hiredis_to_ask_for_it_is_an_error_that_names_ways_out(void **state)
{
	static const char problem[] =
	    "built with a hiredis that has no TLS, expected hiredis 1.0 or later, or a tunnel as "
	    "deploy/stunnel-redis.conf makes it";
	char message[256];

	(void)state;
	if (redis_tls_is_supported())
		skip();
	assert_redis_error("host: h, ssl: true", "ssl", problem);
	assert_redis_error("url: 'rediss://u:hidden@h'", "url", problem);
	snprintf(message, sizeof(message),
	    "2: litellm_settings.cache: environment variable REDIS_SSL: %s", problem);
	setenv("REDIS_SSL", "True", 1);
	assert_error("litellm_settings:\n  cache: true\n", message);
	load_right_redis_and_drop("host: h, ssl: false");
	snprintf(message, sizeof(message),
	    "2: litellm_settings.cache: environment variable REDIS_URL: %s", problem);
	setenv("REDIS_URL", "rediss://u:hidden@h", 1);
	assert_error("litellm_settings:\n  cache: true\n", message);
}

/* Cluster */

static void assert_node(const struct redis_nodes *nodes, size_t index, const char *host, int port)
{
	assert_true(index < nodes->count);
	assert_string_equal(nodes->list[index].host, host);
	assert_int_equal(nodes->list[index].port, port);
}

static void a_cluster_is_named_by_startup_nodes(void **state)
{
	static const char *const values[] = {
	    "redis_startup_nodes: [{host: h, port: 7000}, {host: '::1', port: '7001'}]",
	    "startup_nodes: [{host: h, port: 7000}, {host: '::1', port: 7001}], host: ~",
	    ("redis_startup_nodes: '[{\"host\": \"h\", \"port\": \"7000\"}, "
	     "{\"host\": \"::1\", \"port\": 7001}]'"),
	    "redis_startup_nodes: os.environ/TEST_A",
	    "type: redis",
	};
	static const char json[] =
	    "[{\"host\": \"h\", \"port\": 7000}, {\"host\": \"::1\", \"port\": 7001}]";

	(void)state;
	setenv("TEST_A", json, 1);
	setenv("REDIS_HOST", "from.env", 1);
	for (size_t i = 0; i < COUNT(values); i++) {
		struct result result;

		if (i == COUNT(values) - 1)
			setenv("REDIS_CLUSTER_NODES", json, 1);
		result = load_right_redis(values[i]);
		assert_int_equal(redis_config_kind(&result.config->redis), REDIS_CLUSTER);
		assert_int_equal(result.config->redis.startup_nodes.count, 2);
		assert_node(&result.config->redis.startup_nodes, 0, "h", 7000);
		assert_node(&result.config->redis.startup_nodes, 1, "::1", 7001);
		assert_null(result.config->redis.socket_path);
		done(&result);
	}
}

/* Sentinel */

static void a_master_is_named_by_sentinels(void **state)
{
	static const char *const values[] = {
	    "sentinel_nodes: [[h, 26379], ['::1', '26380']], service_name: m, "
	    "sentinel_username: su, sentinel_password: sp, username: u, password: p, db: 2",
	    "sentinel_nodes: '[[\"h\", 26379], [\"::1\", \"26380\"]]', service_name: m, "
	    "sentinel_username: su, sentinel_password: sp, username: u, password: p, db: 2",
	    "sentinel_username: su, username: u, password: p, db: 2",
	};

	(void)state;
	setenv("REDIS_HOST", "from.env", 1);
	for (size_t i = 0; i < COUNT(values); i++) {
		struct result result;
		const struct redis_config *redis;

		if (i == COUNT(values) - 1) {
			setenv("REDIS_SENTINEL_NODES", "[[\"h\", 26379], [\"::1\", 26380]]", 1);
			setenv("REDIS_SERVICE_NAME", "m", 1);
			setenv("REDIS_SENTINEL_PASSWORD", "sp", 1);
		}
		result = load_right_redis(values[i]);
		redis = &result.config->redis;
		assert_int_equal(redis_config_kind(redis), REDIS_SENTINEL);
		assert_int_equal(redis->sentinels.count, 2);
		assert_node(&redis->sentinels, 0, "h", 26379);
		assert_node(&redis->sentinels, 1, "::1", 26380);
		assert_string_equal(redis->service_name, "m");
		assert_string_equal(redis->sentinel_username, "su");
		assert_string_equal(redis->sentinel_password, "sp");
		assert_string_equal(redis->username, "u");
		assert_string_equal(redis->password, "p");
		assert_int_equal(redis->db, 2);
		done(&result);
	}
}

static void the_sentinels_password_is_the_master_s_too_unless_that_has_one_or_none(void **state)
{
	static const char sentinels[] = "sentinel_nodes: [[h, 1]], service_name: m";
	char params[160];
	struct result result;

	(void)state;
	snprintf(params, sizeof(params), "%s, sentinel_password: sp", sentinels);
	result = load_right_redis(params);
	assert_string_equal(result.config->redis.password, "sp");
	done(&result);
	snprintf(params, sizeof(params), "%s, sentinel_password: sp, password: ''", sentinels);
	result = load_right_redis(params);
	assert_null(result.config->redis.password);
	done(&result);
	setenv("REDIS_PASSWORD", "p", 1);
	setenv("REDIS_SENTINEL_PASSWORD", "sp", 1);
	result = load_right_redis(sentinels);
	assert_string_equal(result.config->redis.password, "p");
	assert_string_equal(result.config->redis.sentinel_password, "sp");
	done(&result);
}

static void lists_of_servers_in_another_form_are_errors(void **state)
{
	static const char cluster[] = "a list as [{\"host\": \"127.0.0.1\", \"port\": 6379}]";
	static const char sentinels[] = "a list as [[\"127.0.0.1\", 26379]]";
	static const struct {
		const char *params, *key, *problem, *expected;
	} cases[] = {
	    {"startup_nodes: []", "startup_nodes", "an empty list, expected ", cluster},
	    {"startup_nodes: {}", "startup_nodes", "a mapping, expected ", cluster},
	    {"redis_startup_nodes: hidden", "redis_startup_nodes",
		"a text that is no such JSON, expected ", cluster},
	    {"redis_startup_nodes: '[]'", "redis_startup_nodes",
		"a text that is no such JSON, expected ", cluster},
	    {"redis_startup_nodes: '[{\"host\": \"hidden\"}]'", "redis_startup_nodes",
		"a text that is no such JSON, expected ", cluster},
	    {"redis_startup_nodes: '[{\"host\": \"\", \"port\": 1}]'", "redis_startup_nodes",
		"a text that is no such JSON, expected ", cluster},
	    {"redis_startup_nodes: '[{\"host\": \"a\\u0000b\", \"port\": 1}]'",
		"redis_startup_nodes", "a text that is no such JSON, expected ", cluster},
	    {"startup_nodes: os.environ/TEST_A", "startup_nodes",
		"a text that is no such JSON, expected ", cluster},
	    {"startup_nodes: os.environ/TEST_B", "startup_nodes",
		"environment variable TEST_B is not set, expected ", cluster},
	    {"startup_nodes: [h]", "startup_nodes[0]", "text, expected ",
		"{host: HOST, port: PORT}"},
	    {"startup_nodes: [{host: h}]", "startup_nodes[0].port", "missing, expected ", "a port"},
	    {"startup_nodes: [{host: h, port: 70000}]", "startup_nodes[0].port",
		"\"70000\", expected ", "an integer from 1 to 65535"},
	    {"startup_nodes: [{host: a/b, port: 1}]", "", "a host with a slash in it, expected ",
		"a name or an address"},
	    {"service_name: m, sentinel_nodes: []", "sentinel_nodes", "an empty list, expected ",
		sentinels},
	    {"service_name: m, sentinel_nodes: '[[\"h\", 1, 2]]'", "sentinel_nodes",
		"a text that is no such JSON, expected ", sentinels},
	    {"service_name: m, sentinel_nodes: [[h, 1], h]", "sentinel_nodes[1]", "text, expected ",
		"[HOST, PORT]"},
	    {"service_name: m, sentinel_nodes: [[h]]", "sentinel_nodes[0]",
		"a list of 1, expected ", "[HOST, PORT]"},
	    {"service_name: m, sentinel_nodes: [[h, hidden]]", "sentinel_nodes[0][1]",
		"no port, expected ", "a port from 1 to 65535"},
	};

	(void)state;
	setenv("TEST_A", "[hidden]", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char problem[200];

		snprintf(problem, sizeof(problem), "%s%s", cases[i].problem, cases[i].expected);
		assert_redis_error(cases[i].params, cases[i].key, problem);
	}
}

static void what_does_not_go_together_is_an_error(void **state)
{
	static const char cluster[] = "startup_nodes: [{host: h, port: 1}]";
	static const char both[] = "startup_nodes: [{host: h, port: 1}], service_name: m, "
				   "sentinel_nodes: [[h, 1]]";
	char params[160];

	(void)state;
	assert_redis_error(
	    "sentinel_nodes: [[h, 1]]", "", "sentinel_nodes without service_name, expected both");
	assert_redis_error(
	    "host: h, service_name: m", "", "service_name without sentinel_nodes, expected both");
	assert_redis_error("host: h, sentinel_password: hidden", "",
	    "sentinel_password without sentinel_nodes, expected both");
	assert_redis_error("service_name: m, sentinel_nodes: [[h, 1]], sentinel_username: u", "",
	    "sentinel_username without sentinel_password, expected both");
	assert_redis_error(
	    both, "", "startup nodes of a Cluster and Sentinels, expected one of both");
	snprintf(params, sizeof(params), "%s, db: 1", cluster);
	assert_redis_error(params, "", "db 1, expected 0: a Cluster has no other");
	snprintf(params, sizeof(params), "%s, db: 0", cluster);
	load_right_redis_and_drop(params);
	setenv("REDIS_HOST", "from.env", 1);
	setenv("REDIS_SERVICE_NAME", "m", 1);
	assert_error("litellm_settings:\n  cache: true\n",
	    "2: litellm_settings.cache: service_name without sentinel_nodes, expected both");
	load_right_redis_and_drop("host: from.file");
}

/* As in LiteLLM: a URL before a Cluster, that before Sentinels, these before a host or socket. */
static void servers_to_ask_win_over_a_single_one_and_a_url_over_both(void **state)
{
	struct result result;

	(void)state;
	result = load_right_redis("startup_nodes: [{host: h, port: 1}], socket_path: /s, host: o");
	assert_int_equal(redis_config_kind(&result.config->redis), REDIS_CLUSTER);
	assert_null(result.config->redis.socket_path);
	assert_holds(
	    result.log, "startup nodes of a Cluster are given: host, port and socket_path");
	done(&result);
	result = load_right_redis("sentinel_nodes: [[h, 1]], service_name: m, port: 2");
	assert_int_equal(redis_config_kind(&result.config->redis), REDIS_SENTINEL);
	assert_holds(result.log, "Sentinels are given: host, port and socket_path beside them");
	done(&result);
	result = load_right_redis("url: 'redis://u', startup_nodes: [{host: h, port: 1}]");
	assert_int_equal(redis_config_kind(&result.config->redis), REDIS_SINGLE);
	assert_string_equal(result.config->redis.host, "u");
	assert_holds(result.log, "a URL of Redis is given: host, port, socket_path, startup nodes");
	done(&result);
	setenv("REDIS_URL", "redis://u", 1);
	setenv("REDIS_CLUSTER_NODES", "hidden", 1);
	result = load_right_redis("type: redis");
	assert_string_equal(result.config->redis.host, "u");
	done(&result);
}

static void a_cluster_or_sentinel_that_is_not_named_or_not_used_is_no_error(void **state)
{
	static const char *const params[] = {
	    "redis_startup_nodes: '', sentinel_nodes: ~, service_name: ''",
	    "redis_startup_nodes: ~, sentinel_password: null, sentinel_username: ''",
	    "type: s3, redis_startup_nodes: [{host: h}], service_name: m, ssl: true",
	    "type: s3, sentinel_nodes: os.environ/TEST_A, service_name: os.environ/TEST_A",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(params); i++) {
		struct result result = load_redis(params[i]);

		assert_string_equal(result.errors, "");
		done(&result);
	}
	setenv("REDIS_CLUSTER_NODES", "[]", 1);
	load_right_and_drop(
	    "litellm_settings:\n"
	    "  cache: false\n"
	    "  cache_params: {redis_startup_nodes: [{host: h}], service_name: m}\n");
}

/* Namespace */

static void a_namespace_is_kept_as_it_is_written(void **state)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
	    {"myapp", "myapp"},
	    {"'myapp:'", "myapp:"},
	    {"'{app}'", "{app}"},
	    {"'my{app}}'", "my{app}}"},
	    {"'}{a}'", "}{a}"},
	    {"''", NULL},
	    {"~", NULL},
	    /* LiteLLM's keys begin with these already. */
	    {"litellm", NULL},
	    {"l", NULL},
	    {"'litellm:polling:'", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char params[64];
		struct result result;

		snprintf(params, sizeof(params), "host: h, namespace: %s", cases[i].value);
		result = load_right_redis(params);
		assert_text(result.config->redis.namespace, cases[i].expected);
		done(&result);
	}
	load_right_redis_and_drop("url: 'redis://h', namespace: myapp");
}

static void a_namespace_that_no_key_can_begin_with_is_an_error(void **state)
{
	static const char braces[] =
	    "braces that would put the keys of one response into several slots of a Cluster, "
	    "expected none, or the first as in {app}";
	static const char *const bad[] = {"'{}'", "'a}b'", "'a{b'", "'{}{a}'", "'}'"};
	char longest[160] = "namespace: ";

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char params[64];

		snprintf(params, sizeof(params), "namespace: %s", bad[i]);
		assert_redis_error(params, "namespace", braces);
	}
	assert_redis_error("namespace: my app", "namespace",
	    "a blank in it, expected a prefix for the names of keys");
	assert_redis_error("namespace: \"a\\tb\"", "namespace",
	    "a control character in it, expected a prefix for the names of keys");
	memset(longest + strlen(longest), 'x', REDIS_NAMESPACE_MAX);
	load_right_redis_and_drop(longest);
	longest[strlen(longest)] = 'x';
	assert_redis_error(longest, "namespace",
	    "129 bytes, expected a prefix for the names of keys of at most 128");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_redis_url_is_taken_apart),
	    TEST(a_wrong_redis_url_is_an_error_that_does_not_show_it),
	    TEST(wrong_settings_of_redis_are_errors),
	    TEST(the_socket_path_is_kept_beside_the_host),
	    TEST(a_url_takes_the_login_it_lacks_from_the_keys_beside_it),
	    TEST(the_environment_says_where_redis_is_if_the_file_does_not),
	    TEST(the_environment_adds_what_the_file_does_not_say),
	    TEST(a_place_in_the_environment_beside_one_in_the_file_is_a_warning),
	    TEST(without_any_hint_redis_is_on_the_loopback_address),
	    TEST(wrong_variables_of_redis_are_errors_that_do_not_show_them),
	    TEST(a_socket_has_the_name_of_redis_py_too),
	    TEST(the_router_s_redis_is_not_taken_for_that_of_responses),
	    TEST(tls_is_spoken_as_the_keys_say),
	    TEST(tls_that_does_not_look_who_answers_is_a_warning),
	    TEST(a_url_over_tls_says_how_or_takes_it_from_the_keys_beside_it),
	    TEST(the_environment_says_how_tls_is_spoken_if_the_file_does_not),
	    TEST(wrong_settings_of_tls_are_errors),
	    TEST(what_says_how_to_speak_tls_where_none_is_spoken_is_a_warning),
	    TEST(without_tls_in_hiredis_to_ask_for_it_is_an_error_that_names_ways_out),
	    TEST(a_cluster_is_named_by_startup_nodes),
	    TEST(a_master_is_named_by_sentinels),
	    TEST(the_sentinels_password_is_the_master_s_too_unless_that_has_one_or_none),
	    TEST(lists_of_servers_in_another_form_are_errors),
	    TEST(what_does_not_go_together_is_an_error),
	    TEST(servers_to_ask_win_over_a_single_one_and_a_url_over_both),
	    TEST(a_cluster_or_sentinel_that_is_not_named_or_not_used_is_no_error),
	    TEST(a_namespace_is_kept_as_it_is_written),
	    TEST(a_namespace_that_no_key_can_begin_with_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
