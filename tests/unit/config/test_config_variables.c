#include <stdio.h>
#include <stdlib.h>

#include "common/config/model.h"
#include "loaded.h"

static void any_string_number_or_boolean_may_come_from_the_environment(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_A", "gpt-5", 1);
	setenv("TEST_B", "25", 1);
	setenv("TEST_C", "Yes", 1);
	result = load_right(CONFIG_RESPONDER,
	    "model_list:\n"
	    "  - model_name: os.environ/TEST_A\n"
	    "    litellm_params: {model: os.environ/TEST_A, timeout: os.environ/TEST_B}\n"
	    "litellm_settings:\n"
	    "  num_retries: os.environ/TEST_B\n"
	    "  cache: os.environ/TEST_C\n"
	    "  responses: {background_mode: {polling_via_cache: [os.environ/TEST_A]}}\n"
	    "respool:\n"
	    "  allow_anonymous: os.environ/TEST_C\n"
	    "  max_request_bytes: os.environ/TEST_B\n");
	assert_string_equal(result.config->deployments[0].model_name, "gpt-5");
	assert_string_equal(result.config->deployments[0].model, "gpt-5");
	assert_int_equal((int)result.config->deployments[0].timeout, 25);
	assert_int_equal(result.config->num_retries, 25);
	assert_true(result.config->redis.enabled);
	assert_string_equal(result.config->polling.providers[0], "gpt-5");
	assert_true(result.config->allow_anonymous);
	assert_int_equal(result.config->max_request_bytes, 25);
	done(&result);
}

static void a_wrong_value_from_the_environment_is_not_shown(void **state)
{
	(void)state;
	setenv("TEST_A", "hidden", 1);
	assert_error("respool: {max_queue: os.environ/TEST_A}\n",
	    "1: respool.max_queue: the value of environment variable TEST_A, "
	    "expected an integer from 1 to 1000000000");
	assert_error("litellm_settings: {cache: os.environ/TEST_A}\n",
	    "1: litellm_settings.cache: the value of environment variable TEST_A, "
	    "expected true or false");
}

static void a_variable_needs_a_name(void **state)
{
	(void)state;
	assert_error("general_settings: {master_key: os.environ/}\n",
	    "1: general_settings.master_key: os.environ/ without a name, "
	    "expected os.environ/NAME");
}

static const char keys_from_environment[] = "model_list:\n"
					    "  - model_name: m\n"
					    "    litellm_params:\n"
					    "      model: openai/m\n"
					    "      api_key: os.environ/TEST_A\n"
					    "general_settings: {master_key: os.environ/TEST_B}\n"
					    "respool:\n"
					    "  api_keys:\n"
					    "    - {name: web, key: os.environ/TEST_C}\n";

static void the_responder_needs_clients_keys_and_no_providers_keys(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_B", "sk-master", 1);
	setenv("TEST_C", "sk-web", 1);
	result = load_right(CONFIG_RESPONDER, keys_from_environment);
	assert_null(result.config->deployments[0].api_key);
	assert_string_equal(result.config->deployments[0].missing, "TEST_A");
	assert_int_equal(result.config->tenant_count, 2);
	assert_string_equal(result.config->tenants[0].name, "master");
	assert_string_equal(result.config->tenants[0].key, "sk-master");
	assert_string_equal(result.config->tenants[1].name, "web");
	assert_string_equal(result.config->tenants[1].key, "sk-web");
	done(&result);

	unsetenv("TEST_B");
	assert_error(keys_from_environment, "6: general_settings.master_key: environment variable "
					    "TEST_B is not set, expected the master key");
	setenv("TEST_B", "", 1);
	assert_error(keys_from_environment, "6: general_settings.master_key: nothing in "
					    "environment variable TEST_B, expected the master key");
	setenv("TEST_B", "sk-master", 1);
	unsetenv("TEST_C");
	assert_error(keys_from_environment, "9: respool.api_keys[0].key: environment variable "
					    "TEST_C is not set, expected the tenant's key");
}

static void the_supervisor_needs_providers_keys_and_no_clients_keys(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_A", "sk-provider", 1);
	result = load_right(CONFIG_SUPERVISOR, keys_from_environment);
	assert_string_equal(result.config->deployments[0].api_key, "sk-provider");
	assert_null(result.config->deployments[0].missing);
	assert_int_equal(result.config->tenant_count, 1);
	assert_null(result.config->tenants[0].key);
	assert_lacks(result.log, "401");
	done(&result);

	unsetenv("TEST_A");
	setenv("OPENAI_API_KEY", "sk-other", 1);
	assert_error_as(CONFIG_SUPERVISOR, keys_from_environment,
	    "5: model_list[0].litellm_params.api_key: environment variable TEST_A is not set, "
	    "expected the provider's key");
	setenv("TEST_A", "", 1);
	assert_error_as(CONFIG_SUPERVISOR, keys_from_environment,
	    "5: model_list[0].litellm_params.api_key: nothing in environment variable TEST_A, "
	    "expected the provider's key");
}

static void the_responder_does_without_the_api_bases_variable(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - model_name: m\n"
	    "    litellm_params: {model: azure/m, api_base: os.environ/TEST_A}\n";
	struct result result = load_right(CONFIG_RESPONDER, text);

	(void)state;
	assert_null(result.config->deployments[0].api_base);
	assert_string_equal(result.config->deployments[0].missing, "TEST_A");
	assert_lacks(result.log, "cannot be used");
	done(&result);
	assert_error_as(CONFIG_SUPERVISOR, text,
	    "3: model_list[0].litellm_params.api_base: environment variable TEST_A is not set, "
	    "expected a URL that begins with http:// or https://, without query and fragment");
}

static void both_roles_need_the_settings_of_redis(void **state)
{
	static const char text[] = "litellm_settings:\n"
				   "  cache: true\n"
				   "  cache_params: {host: h, password: os.environ/TEST_A}\n";
	static const char message[] = "3: litellm_settings.cache_params.password: environment "
				      "variable TEST_A is not set, expected a password";

	(void)state;
	assert_error_as(CONFIG_RESPONDER, text, message);
	assert_error_as(CONFIG_SUPERVISOR, text, message);
}

static void an_unused_caches_variables_may_be_unset(void **state)
{
	static const char *const texts[] = {
	    "litellm_settings:\n"
	    "  cache: false\n"
	    "  cache_params: {host: h, password: os.environ/TEST_A, url: 'rediss://h'}\n",
	    "litellm_settings:\n"
	    "  cache: true\n"
	    "  cache_params: {password: os.environ/TEST_A, type: local, ssl: true}\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct result result = load_right(CONFIG_RESPONDER, texts[i]);

		assert_false(result.config->redis.enabled);
		assert_null(result.config->redis.password);
		done(&result);
	}
}

static const char needs_variables[] =
    "model_list:\n"
    "  - {model_name: a, litellm_params: {model: openai/a, organization: os.environ/TEST_A}}\n"
    "  - {model_name: b, litellm_params: {model: openai/b,\n"
    "     extra_headers: {x-a: fixed, x-b: os.environ/TEST_B}}}\n"
    "  - {model_name: c, litellm_params: {model: openai/c, api_key: os.environ/TEST_A}}\n"
    "  - {model_name: d, litellm_params: {model: openai/d}}\n";

static void a_variable_that_the_responder_lacks_is_one_warning(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, needs_variables);

	(void)state;
	assert_string_equal(deployment_of(&result, 0)->missing, "TEST_A");
	assert_string_equal(deployment_of(&result, 1)->missing, "TEST_B");
	assert_string_equal(deployment_of(&result, 2)->missing, "TEST_A");
	assert_null(deployment_of(&result, 3)->missing);
	assert_holds(result.log, "config.yaml: environment variable TEST_A is not set or not "
				 "usable: requests that are passed through to the deployments of "
				 "\"a\" that need it will be refused\n");
	assert_int_equal(count_of(result.log, "TEST_A"), 1);
	assert_int_equal(count_of(result.log, "TEST_B"), 1);
	done(&result);
	assert_error_as(CONFIG_RESPONDER, "model_list: [{model_name: os.environ/TEST_A}]\n",
	    "1: model_list[0].model_name: environment variable TEST_A is not set, "
	    "expected the name that clients use\n"
	    "config.yaml:1: model_list[0].litellm_params: missing, expected a mapping with model");
}

static void nothing_is_missed_where_nothing_is_passed_through(void **state)
{
	char text[1024];
	struct result result;

	(void)state;
	snprintf(text, sizeof(text), "%srespool: {max_passthrough: 0}\n", needs_variables);
	result = load_right(CONFIG_RESPONDER, text);
	assert_string_equal(deployment_of(&result, 0)->missing, "TEST_A");
	assert_lacks(result.log, "TEST_");
	done(&result);
}

static void the_responder_has_what_is_set(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_A", "value-a", 1);
	setenv("TEST_B", "value-b", 1);
	result = load_right(CONFIG_RESPONDER, needs_variables);
	assert_string_equal(deployment_of(&result, 0)->organization, "value-a");
	assert_string_equal(deployment_of(&result, 1)->extra_headers[1], "x-b: value-b");
	assert_string_equal(deployment_of(&result, 2)->api_key, "value-a");
	for (size_t i = 0; i < 4; i++)
		assert_null(deployment_of(&result, i)->missing);
	done(&result);
}

static void the_supervisor_needs_organizations_and_headers(void **state)
{
	(void)state;
	setenv("TEST_A", "value-a", 1);
	assert_error_as(CONFIG_SUPERVISOR, needs_variables,
	    "4: model_list[1].litellm_params.extra_headers.x-b: environment variable TEST_B is "
	    "not set, expected the header's value");
	setenv("TEST_B", "", 1);
	assert_error_as(CONFIG_SUPERVISOR, needs_variables,
	    "4: model_list[1].litellm_params.extra_headers.x-b: nothing in environment variable "
	    "TEST_B, expected the header's value");
}

static void an_operator_needs_redis_key_alone(void **state)
{
	struct result result = load_right(CONFIG_OPERATOR, keys_from_environment);

	(void)state;
	assert_string_equal(deployment_of(&result, 0)->missing, "TEST_A");
	assert_int_equal(result.config->tenant_count, 1);
	assert_null(result.config->tenants[0].key);
	assert_string_equal(result.log, "");
	done(&result);
	assert_error_as(CONFIG_OPERATOR,
	    "litellm_settings: {cache: true, cache_params: {password: os.environ/TEST_A}}\n",
	    "1: litellm_settings.cache_params.password: environment variable TEST_A is not set, "
	    "expected a password");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(any_string_number_or_boolean_may_come_from_the_environment),
	    TEST(a_wrong_value_from_the_environment_is_not_shown),
	    TEST(a_variable_needs_a_name),
	    TEST(the_responder_needs_clients_keys_and_no_providers_keys),
	    TEST(the_supervisor_needs_providers_keys_and_no_clients_keys),
	    TEST(the_responder_does_without_the_api_bases_variable),
	    TEST(both_roles_need_the_settings_of_redis),
	    TEST(an_unused_caches_variables_may_be_unset),
	    TEST(a_variable_that_the_responder_lacks_is_one_warning),
	    TEST(nothing_is_missed_where_nothing_is_passed_through),
	    TEST(the_responder_has_what_is_set),
	    TEST(the_supervisor_needs_organizations_and_headers),
	    TEST(an_operator_needs_redis_key_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
