#include <stdio.h>
#include <string.h>

#include "common/config/redis_settings.h"
#include "loaded_redis.h"

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
	    TEST(a_namespace_is_kept_as_it_is_written),
	    TEST(a_namespace_that_no_key_can_begin_with_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
