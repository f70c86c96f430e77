#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/redis_settings.h"
#include "loaded_redis.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
