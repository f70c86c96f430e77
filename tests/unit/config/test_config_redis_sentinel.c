#include <stdio.h>
#include <stdlib.h>

#include "common/config/redis_settings.h"
#include "loaded_redis.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_master_is_named_by_sentinels),
	    TEST(the_sentinels_password_is_the_master_s_too_unless_that_has_one_or_none),
	    TEST(lists_of_servers_in_another_form_are_errors),
	    TEST(what_does_not_go_together_is_an_error),
	    TEST(servers_to_ask_win_over_a_single_one_and_a_url_over_both),
	    TEST(a_cluster_or_sentinel_that_is_not_named_or_not_used_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
