#include <stdlib.h>

#include "common/config/redis_settings.h"
#include "loaded_redis.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_cluster_is_named_by_startup_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
