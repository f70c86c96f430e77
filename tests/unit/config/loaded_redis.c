#include "loaded_redis.h"

#include <stdio.h>

struct result load_redis(const char *params)
{
	char text[1024];

	snprintf(
	    text, sizeof(text), "litellm_settings:\n  cache: true\n  cache_params: {%s}\n", params);
	return load(text);
}

struct result load_right_redis(const char *params)
{
	struct result result = load_redis(params);

	assert_string_equal(result.errors, "");
	assert_true(result.config->redis.enabled);
	return result;
}

void load_right_redis_and_drop(const char *params)
{
	struct result result = load_right_redis(params);

	done(&result);
}

void assert_redis_error(const char *params, const char *key, const char *problem)
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

void assert_text(const char *text, const char *expected)
{
	if (expected == NULL)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

void assert_node(const struct redis_nodes *nodes, size_t index, const char *host, int port)
{
	assert_true(index < nodes->count);
	assert_string_equal(nodes->list[index].host, host);
	assert_int_equal(nodes->list[index].port, port);
}
