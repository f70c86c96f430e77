#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loaded.h"

static void assert_variable(const char *name, const char *expected)
{
	const char *value = getenv(name);

	if (expected == NULL) {
		assert_null(value);
		return;
	}
	assert_non_null(value);
	assert_string_equal(value, expected);
}

/* What the last file has set is gone then. */
static void forget(void)
{
	load_right_and_drop("respool: {allow_anonymous: true}\n");
}

static void variables_are_set_before_anything_else_is_read(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, "model_list:\n"
					  "  - model_name: a\n"
					  "    litellm_params: {model: openai/a}\n"
					  "  - model_name: b\n"
					  "    litellm_params: {model: x/b, api_base: 'http://x', "
					  "api_key: os.environ/TEST_A}\n"
					  "environment_variables:\n"
					  "  OPENAI_API_KEY: sk-file\n"
					  "  TEST_A: sk-other\n");

	(void)state;
	assert_string_equal(result.config->deployments[0].api_key, "sk-file");
	assert_string_equal(result.config->deployments[1].api_key, "sk-other");
	assert_string_equal(result.log, "");
	done(&result);
	forget();
}

static void the_file_wins_over_the_environment(void **state)
{
	(void)state;
	setenv("TEST_A", "before", 1);
	load_right_and_drop("environment_variables: {TEST_A: after}\n");
	assert_variable("TEST_A", "after");
	forget();
	assert_variable("TEST_A", "before");
}

static void a_value_may_be_that_of_another_variable(void **state)
{
	(void)state;
	setenv("TEST_A", "a", 1);
	load_right_and_drop("environment_variables:\n"
			    "  TEST_B: os.environ/TEST_A\n"
			    "  TEST_C: os.environ/TEST_B\n"
			    "  OPENAI_API_KEY: os.environ/GROQ_API_KEY\n"
			    "  TEST_A: os.environ/TEST_A\n");
	assert_variable("TEST_A", "a");
	assert_variable("TEST_B", "a");
	assert_variable("TEST_C", "a");
	assert_variable("OPENAI_API_KEY", NULL);
	forget();
}

static void numbers_words_and_lines_are_texts(void **state)
{
	(void)state;
	load_right_and_drop("environment_variables:\n"
			    "  TEST_A: 6379\n"
			    "  TEST_B: True\n"
			    "  TEST_C: |\n"
			    "    one\n"
			    "    two\n"
			    "  GROQ_API_KEY:\n");
	assert_variable("TEST_A", "6379");
	assert_variable("TEST_B", "True");
	assert_variable("TEST_C", "one\ntwo\n");
	assert_variable("GROQ_API_KEY", NULL);
	forget();
}

static void what_is_no_text_is_an_error(void **state)
{
	(void)state;
	assert_error("environment_variables:\n  TEST_A: [hidden]\n",
	    "2: environment_variables.TEST_A: a list, expected the value of a variable");
	assert_error("environment_variables: {TEST_A: {hidden: hidden}}\n",
	    "1: environment_variables.TEST_A: a mapping, expected the value of a variable");
	assert_error("environment_variables: {'A=B': hidden}\n",
	    "1: environment_variables.A=B: no variable can have this name, expected one without =");
	assert_error("environment_variables: [TEST_A]\n",
	    "1: environment_variables: a list, expected a mapping of variables' names to their "
	    "values");
}

static void what_says_how_a_process_runs_is_left_alone(void **state)
{
	const char *path = getenv("PATH"), *preloaded = getenv("LD_PRELOAD");
	struct result result = load("environment_variables: {PATH: hidden, LD_PRELOAD: hidden}\n");

	(void)state;
	assert_ptr_equal(getenv("PATH"), path);
	assert_ptr_equal(getenv("LD_PRELOAD"), preloaded);
	assert_holds(result.log, "config.yaml:1: environment_variables.PATH: left as it is");
	assert_lacks(result.log, "hidden");
	done(&result);
}

static void a_reload_forgets_what_the_file_no_longer_sets(void **state)
{
	struct result result = load("environment_variables: {TEST_A: one, TEST_B: one}\n");

	(void)state;
	write_beside(file_name, "environment_variables: {TEST_B: two}\n");
	assert_true(config_reload(&result.config, file_name, CONFIG_RESPONDER));
	assert_variable("TEST_A", NULL);
	assert_variable("TEST_B", "two");
	done(&result);
	forget();
	assert_variable("TEST_B", NULL);
}

static void a_file_with_errors_leaves_the_environment_as_it_was(void **state)
{
	struct result result = load("environment_variables: {TEST_A: one}\n");

	(void)state;
	write_beside(file_name, "environment_variables: {TEST_A: two, TEST_B: two}\nrespool: 1\n");
	assert_false(config_reload(&result.config, file_name, CONFIG_RESPONDER));
	assert_variable("TEST_A", "one");
	assert_variable("TEST_B", NULL);
	done(&result);
	forget();
}

/* The master key */

static void the_environment_has_the_master_key_where_the_file_has_none(void **state)
{
	struct result result;

	(void)state;
	setenv("LITELLM_MASTER_KEY", "sk-env", 1);
	result = load("respool: {api_keys: [{name: web, key: sk-web}]}\n");
	assert_int_equal(result.config->tenant_count, 2);
	assert_string_equal(result.config->tenants[1].name, "master");
	assert_string_equal(result.config->tenants[1].key, "sk-env");
	done(&result);
	result = load("general_settings: {master_key: sk-file}\n");
	assert_int_equal(result.config->tenant_count, 1);
	assert_string_equal(result.config->tenants[0].key, "sk-file");
	done(&result);
	result = load_as(CONFIG_SUPERVISOR, "respool: {}\n");
	assert_int_equal(result.config->tenant_count, 0);
	done(&result);
}

static void the_file_can_set_the_variable_of_the_master_key(void **state)
{
	struct result result = load("environment_variables: {LITELLM_MASTER_KEY: sk-both}\n");

	(void)state;
	assert_int_equal(result.config->tenant_count, 1);
	assert_string_equal(result.config->tenants[0].key, "sk-both");
	done(&result);
	forget();
}

static void a_master_key_of_the_environment_that_cannot_be_one_is_an_error(void **state)
{
	(void)state;
	setenv("LITELLM_MASTER_KEY", "hidden ", 1);
	assert_error("general_settings: {}\n",
	    "1: general_settings.master_key: a blank or control character in environment variable "
	    "LITELLM_MASTER_KEY, expected the master key");
	setenv("LITELLM_MASTER_KEY", "sk-web", 1);
	assert_error("respool: {api_keys: [{name: web, key: sk-web}]}\n",
	    "1: general_settings.master_key: environment variable LITELLM_MASTER_KEY has the key "
	    "of tenant \"web\", expected a key for each tenant");
	setenv("LITELLM_MASTER_KEY", "", 1);
	load_right_and_drop("respool: {api_keys: [{name: web, key: sk-web}]}\n");
}

/* Redis */

#define POLLED "responses: {background_mode: {polling_via_cache: all}}"

static void redis_is_that_of_the_environment_where_the_file_has_no_word_of_it(void **state)
{
	static const struct {
		const char *variable, *value, *host;
		int port;
	} cases[] = {
	    {"REDIS_HOST", "env.example", "env.example", 6379},
	    {"REDIS_URL", "redis://url.example:7000", "url.example", 7000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result result;

		setenv(cases[i].variable, cases[i].value, 1);
		result = load("litellm_settings: {" POLLED "}\n");
		assert_true(result.config->redis.enabled);
		assert_string_equal(result.config->redis.host, cases[i].host);
		assert_int_equal(result.config->redis.port, cases[i].port);
		done(&result);
		unsetenv(cases[i].variable);
	}
}

static void a_redis_that_the_file_names_without_cache_is_not_passed_over_in_silence(void **state)
{
	struct result result;

	(void)state;
	setenv("REDIS_HOST", "env.example", 1);
	result = load("litellm_settings:\n"
		      "  cache_params: {type: redis, host: file.example}\n"
		      "  " POLLED "\n");
	assert_string_equal(result.config->redis.host, "env.example");
	assert_holds(result.log,
	    "config.yaml:2: litellm_settings.cache_params: not looked at without cache: true: "
	    "responses are kept in the Redis of the environment\n");
	done(&result);
}

static void each_variable_of_redis_counts_where_the_file_has_none(void **state)
{
	static const char *const texts[] = {
	    "litellm_settings: {cache: true}\n",
	    "litellm_settings: {cache: true, cache_params: {type: redis, namespace: x}}\n",
	    "litellm_settings: {" POLLED "}\n",
	    "litellm_settings: {cache: true, cache_params: {type: s3}, " POLLED "}\n",
	};

	(void)state;
	setenv("REDIS_HOST", "env.example", 1);
	setenv("REDIS_PORT", "7001", 1);
	setenv("REDIS_USERNAME", "user", 1);
	setenv("REDIS_PASSWORD", "pw", 1);
	setenv("REDIS_DB", "3", 1);
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct result result = load(texts[i]);
		const struct redis_config *redis = &result.config->redis;

		assert_true(redis->enabled);
		assert_string_equal(redis->host, "env.example");
		assert_int_equal(redis->port, 7001);
		assert_string_equal(redis->username, "user");
		assert_string_equal(redis->password, "pw");
		assert_int_equal(redis->db, 3);
		done(&result);
	}
}

static void the_environment_makes_no_redis_where_none_is_wanted(void **state)
{
	static const char *const texts[] = {
	    "litellm_settings: {num_retries: 1}\n",
	    "litellm_settings: {cache: false, " POLLED "}\n",
	    "litellm_settings: {cache: true, cache_params: {type: local}}\n",
	};

	(void)state;
	setenv("REDIS_HOST", "env.example", 1);
	setenv("REDIS_PORT", "no port", 1);
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct result result = load(texts[i]);

		assert_false(result.config->redis.enabled);
		done(&result);
	}
}

static void the_file_can_set_the_variables_of_redis(void **state)
{
	struct result result = load("environment_variables: {REDIS_HOST: file.example}\n"
				    "litellm_settings: {cache: true}\n");

	(void)state;
	assert_string_equal(result.config->redis.host, "file.example");
	done(&result);
	forget();
}

static void the_redis_that_litellm_has_for_all_processes_is_the_one_of_responses(void **state)
{
	struct result result =
	    load("general_settings: {coordination_redis: {host: co.example}}\n"
		 "litellm_settings:\n"
		 "  cache: true\n"
		 "  cache_params: {host: other.example, port: 1, namespace: x}\n");

	(void)state;
	assert_string_equal(result.errors, "");
	assert_true(result.config->redis.enabled);
	assert_string_equal(result.config->redis.host, "co.example");
	assert_int_equal(result.config->redis.port, 6379);
	assert_null(result.config->redis.namespace);
	done(&result);
	setenv("TEST_A", "redis://url.example/2", 1);
	result = load("litellm_settings: {cache: false, cache_params: {host: other}}\n"
		      "general_settings: {coordination_redis: {url: os.environ/TEST_A}}\n");
	assert_true(result.config->redis.enabled);
	assert_string_equal(result.config->redis.host, "url.example");
	done(&result);
	load_right_and_drop("general_settings: {coordination_redis: {}}\n");
	assert_error("general_settings:\n  coordination_redis: {host: h/i}\n",
	    "2: general_settings.coordination_redis: a host with a slash in it, expected a name or "
	    "an "
	    "address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(variables_are_set_before_anything_else_is_read),
	    TEST(the_file_wins_over_the_environment),
	    TEST(a_value_may_be_that_of_another_variable),
	    TEST(numbers_words_and_lines_are_texts),
	    TEST(what_is_no_text_is_an_error),
	    TEST(what_says_how_a_process_runs_is_left_alone),
	    TEST(a_reload_forgets_what_the_file_no_longer_sets),
	    TEST(a_file_with_errors_leaves_the_environment_as_it_was),
	    TEST(the_environment_has_the_master_key_where_the_file_has_none),
	    TEST(the_file_can_set_the_variable_of_the_master_key),
	    TEST(a_master_key_of_the_environment_that_cannot_be_one_is_an_error),
	    TEST(redis_is_that_of_the_environment_where_the_file_has_no_word_of_it),
	    TEST(a_redis_that_the_file_names_without_cache_is_not_passed_over_in_silence),
	    TEST(each_variable_of_redis_counts_where_the_file_has_none),
	    TEST(the_environment_makes_no_redis_where_none_is_wanted),
	    TEST(the_file_can_set_the_variables_of_redis),
	    TEST(the_redis_that_litellm_has_for_all_processes_is_the_one_of_responses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
