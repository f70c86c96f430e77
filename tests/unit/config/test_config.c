#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/config/model.h"
#include "loaded.h"

static void an_empty_file_is_an_error(void **state)
{
	(void)state;
	assert_error("", " the file is empty, expected a mapping of sections");
	assert_error("# nothing yet\n", " the file is empty, expected a mapping of sections");
}

static void a_file_of_no_settings_gives_the_defaults(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, "{}");
	const struct config *config = result.config;

	(void)state;
	assert_int_equal(config->deployment_count, 0);
	assert_int_equal(config->tenant_count, 0);
	assert_false(config->allow_anonymous);
	assert_false(config->redis.enabled);
	assert_string_equal(config->redis.host, "127.0.0.1");
	assert_int_equal(config->redis.port, 6379);
	assert_int_equal(config->redis.db, 0);
	assert_null(config->redis.socket_path);
	assert_null(config->redis.username);
	assert_null(config->redis.password);
	assert_int_equal(config->polling.mode, POLLING_OFF);
	assert_int_equal(config->polling.native_count, 0);
	assert_int_equal(config->polling.ttl, 3600);
	assert_int_equal(config->num_retries, 2);
	assert_int_equal(config->max_request_bytes, 10485760);
	assert_int_equal(config->max_event_bytes, 33554432);
	assert_int_equal(config->max_response_bytes, 67108864);
	assert_int_equal(config->max_queue, 10000);
	assert_int_equal(config->max_queue_bytes, 1073741824);
	assert_int_equal(config->max_streams, 1000);
	assert_int_equal(config->flush_interval_ms, 150);
	assert_int_equal(config->lease_seconds, 15);
	assert_int_equal(config->max_attempts, 2);
	assert_int_equal(config->drain_seconds, 30);
	assert_int_equal(config->client_timeout, 60);
	assert_int_equal(config->fallback_count, 0);
	assert_int_equal(config->allowed_fails, 3);
	assert_float_equal(config->cooldown_time, 5, 0.001);
	assert_int_equal(config->max_passthrough, 1000);
	assert_null(config->default_deployment);
	assert_int_equal(config->native_ttl, 604800);
	assert_true(config->store_input);
	done(&result);
}

static void the_default_flush_interval_is_150ms_batch_interval_constant(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR, "respool:\n");

	(void)state;
	assert_int_equal(result.config->flush_interval_ms, 150);
	done(&result);
}

static void every_key_of_respool_is_read(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, "respool:\n"
					 "  allow_anonymous: true\n"
					 "  api_keys:\n"
					 "    - name: web\n"
					 "      key: sk-web\n"
					 "    - {name: batch, key: sk-batch}\n"
					 "  admin_keys: [{name: ops, key: sk-ops}]\n"
					 "  open_metrics: true\n"
					 "  failed_request_ttl: 3600\n"
					 "  max_request_bytes: 1\n"
					 "  max_event_bytes: 2\n"
					 "  max_response_bytes: 209715200\n"
					 "  max_queue: 4\n"
					 "  max_queue_bytes: 1125899906842624\n"
					 "  max_streams: 5\n"
					 "  flush_interval_ms: 6\n"
					 "  lease_seconds: 7\n"
					 "  max_attempts: 8\n"
					 "  drain_seconds: 0\n"
					 "  max_passthrough: 0\n"
					 "  client_timeout: 9\n"
					 "  default_deployment: a-model\n"
					 "  native_ttl: 9\n"
					 "  store_input: false\n"
					 "  log_format: json\n"
					 "model_list:\n"
					 "  - model_name: 'a-*'\n"
					 "    litellm_params: {model: openai/m}\n");
	const struct config *config = result.config;

	(void)state;
	assert_true(config->allow_anonymous);
	assert_int_equal(config->tenant_count, 2);
	assert_string_equal(config->tenants[0].name, "web");
	assert_string_equal(config->tenants[0].key, "sk-web");
	assert_string_equal(config->tenants[1].name, "batch");
	assert_string_equal(config->tenants[1].key, "sk-batch");
	assert_int_equal(config->admin_key_count, 1);
	assert_true(config->open_metrics);
	assert_int_equal(config->failed_request_ttl, 3600);
	assert_int_equal(config->max_request_bytes, 1);
	assert_int_equal(config->max_event_bytes, 2);
	assert_int_equal(config->max_response_bytes, 209715200);
	assert_int_equal(config->max_queue, 4);
	assert_int_equal(config->max_queue_bytes, 1LL << 50);
	assert_int_equal(config->max_streams, 5);
	assert_int_equal(config->flush_interval_ms, 6);
	assert_int_equal(config->lease_seconds, 7);
	assert_int_equal(config->max_attempts, 8);
	assert_int_equal(config->drain_seconds, 0);
	assert_int_equal(config->max_passthrough, 0);
	assert_int_equal(config->client_timeout, 9);
	assert_string_equal(config->default_deployment, "a-model");
	assert_int_equal(config->native_ttl, 9);
	assert_false(config->store_input);
	assert_int_equal(config->log_format, LOG_FORMAT_JSON);
	done(&result);
}

static void every_key_of_litellm_settings_is_read(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, "litellm_settings:\n"
					 "  num_retries: 0\n"
					 "  allowed_fails: 1\n"
					 "  cooldown_time: 0.5\n"
					 "  drop_params: true\n"
					 "  cache: True\n"
					 "  cache_params:\n"
					 "    type: redis\n"
					 "    host: cache.example\n"
					 "    port: 6380\n"
					 "    username: user\n"
					 "    password: 12345\n"
					 "    db: 3\n"
					 "    ssl: false\n"
					 "  responses:\n"
					 "    background_mode:\n"
					 "      polling_via_cache: [openai, azure]\n"
					 "      ttl: 7200\n"
					 "      native_background_mode:\n"
					 "        - o4-mini-deep-research\n"
					 "        - o3-deep-research\n");
	const struct config *config = result.config;

	(void)state;
	assert_int_equal(config->num_retries, 0);
	assert_int_equal(config->allowed_fails, 1);
	assert_float_equal(config->cooldown_time, 0.5, 0.001);
	assert_true(config->redis.enabled);
	assert_string_equal(config->redis.host, "cache.example");
	assert_int_equal(config->redis.port, 6380);
	assert_string_equal(config->redis.username, "user");
	assert_string_equal(config->redis.password, "12345");
	assert_int_equal(config->redis.db, 3);
	assert_int_equal(config->polling.mode, POLLING_PROVIDERS);
	assert_int_equal(config->polling.provider_count, 2);
	assert_string_equal(config->polling.providers[0], "openai");
	assert_string_equal(config->polling.providers[1], "azure");
	assert_int_equal(config->polling.ttl, 7200);
	assert_int_equal(config->polling.native_count, 2);
	assert_string_equal(config->polling.native_models[0], "o4-mini-deep-research");
	assert_string_equal(config->polling.native_models[1], "o3-deep-research");
	assert_lacks(result.log, "ignored");
	done(&result);
}

static void every_key_of_a_deployment_is_read(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: gpt-5\n"
	    "    litellm_params:\n"
	    "      model: openai/gpt-5-2025\n"
	    "      api_base: https://proxy.example/v1//\n"
	    "      api_key: sk-provider\n"
	    "      organization: org-1\n"
	    "      api_version: 2025-04-01-preview\n"
	    "      extra_headers: {X-Team: a b, x-empty-not: '0'}\n"
	    "      drop_params: [user]\n"
	    "      additional_drop_params: [store, metadata]\n"
	    "      weight: 7\n"
	    "      rpm: 0\n"
	    "      timeout: 12.5\n"
	    "      stream_timeout: 3\n"
	    "      silence_timeout: 4.5\n"
	    "      order: 2\n"
	    "      tpm: 1000\n"
	    "      max_parallel_requests: 8\n"
	    "      max_retries: 9\n"
	    "      num_retries: 0\n"
	    "  - model_name: other\n"
	    "    litellm_params: {model: my/own/model, custom_llm_provider: azure,\n"
	    "                     api_base: 'http://[::1]:8080/openai/v1'}\n");
	const struct deployment *deployment = &result.config->deployments[0];

	(void)state;
	assert_int_equal(result.config->deployment_count, 2);
	assert_string_equal(deployment->model_name, "gpt-5");
	assert_string_equal(deployment->model, "gpt-5-2025");
	assert_string_equal(deployment->provider, "openai");
	assert_string_equal(deployment->api_base, "https://proxy.example/v1");
	assert_string_equal(deployment->api_key, "sk-provider");
	assert_string_equal(deployment->organization, "org-1");
	assert_string_equal(deployment->api_version, "2025-04-01-preview");
	assert_int_equal(deployment->extra_header_count, 2);
	assert_string_equal(deployment->extra_headers[0], "X-Team: a b");
	assert_string_equal(deployment->extra_headers[1], "x-empty-not: 0");
	assert_int_equal(deployment->dropped_count, 3);
	assert_string_equal(deployment->dropped[0], "user");
	assert_string_equal(deployment->dropped[1], "store");
	assert_string_equal(deployment->dropped[2], "metadata");
	assert_int_equal(deployment->weight, 7);
	assert_int_equal(deployment->rpm, 0);
	assert_null(deployment->missing);
	assert_true(deployment->timeout > 12.49 && deployment->timeout < 12.51);
	assert_true(deployment->stream_timeout > 2.99 && deployment->stream_timeout < 3.01);
	assert_float_equal(deployment->silence_timeout, 4.5, 0.001);
	assert_int_equal(deployment->order, 2);
	assert_int_equal(deployment->tpm, 1000);
	assert_int_equal(deployment->max_parallel_requests, 8);
	assert_true(deployment->has_retries);
	assert_int_equal(deployment->num_retries, 0);
	deployment++;
	assert_int_equal(deployment->order, INT_MAX);
	assert_int_equal(deployment->tpm, 0);
	assert_int_equal(deployment->max_parallel_requests, 0);
	assert_false(deployment->has_retries);
	assert_null(deployment->organization);
	assert_null(deployment->api_version);
	assert_int_equal(deployment->extra_header_count, 0);
	assert_int_equal(deployment->dropped_count, 0);
	assert_int_equal(deployment->weight, 0);
	assert_string_equal(deployment->provider, "azure");
	assert_string_equal(deployment->model, "my/own/model");
	assert_string_equal(deployment->api_base, "http://[::1]:8080/openai/v1");
	assert_float_equal(deployment->timeout, 6000, 0.001);
	assert_float_equal(deployment->stream_timeout, 0, 0.001);
	assert_float_equal(deployment->silence_timeout, 600, 0.001);
	done(&result);
}

static void time_outs_have_defaults_wherever_these_stand(void **state)
{
	static const char models[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: gpt-5}}\n"
	    "  - model_name: b\n"
	    "    litellm_params: {model: gpt-5, request_timeout: 3}\n"
	    "  - model_name: c\n"
	    "    litellm_params: {model: gpt-5, timeout: 4,\n"
	    "                     request_timeout: 3, stream_timeout: 5}\n";
	static const struct {
		const char *before, *after;
		double timeout, stream_timeout, silence_timeout;
	} cases[] = {
	    {"", "", 6000, 0, 600},
	    {"litellm_settings: {request_timeout: 0.5}\n", "", 0.5, 0, 600},
	    {"", "litellm_settings: {request_timeout: 70}\n", 70, 0, 600},
	    {"", "router_settings: {timeout: 80, stream_timeout: 7.5}\n", 80, 7.5, 600},
	    {"router_settings: {timeout: 80}\n", "litellm_settings: {request_timeout: 70}\n", 80, 0,
		600},
	    {"router_settings: {timeout: ~}\n", "litellm_settings: {request_timeout: 70}\n", 70, 0,
		600},
	    {"respool: {silence_timeout: 9}\n", "", 6000, 0, 9},
	    {"", "respool: {silence_timeout: 9}\n", 6000, 0, 9},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[600];
		struct result result;
		const struct deployment *deployment;

		snprintf(text, sizeof(text), "%s%s%s", cases[i].before, models, cases[i].after);
		result = load_right(CONFIG_SUPERVISOR, text);
		deployment = result.config->deployments;
		assert_float_equal(deployment[0].timeout, cases[i].timeout, 0.001);
		assert_float_equal(deployment[0].stream_timeout, cases[i].stream_timeout, 0.001);
		assert_float_equal(deployment[0].silence_timeout, cases[i].silence_timeout, 0.001);
		assert_float_equal(deployment[1].timeout, 3, 0.001);
		assert_float_equal(deployment[2].timeout, 4, 0.001);
		assert_float_equal(deployment[2].stream_timeout, 5, 0.001);
		assert_lacks(result.log, "ignored");
		done(&result);
	}
	assert_error("router_settings: {timeout: 604801}\n",
	    "1: router_settings.timeout: \"604801\", "
	    "expected a number of seconds above 0 and up to 604800");
	assert_error("litellm_settings: {request_timeout: never}\n",
	    "1: litellm_settings.request_timeout: \"never\", "
	    "expected a number of seconds above 0 and up to 604800");
}

static void a_key_without_a_value_is_as_good_as_absent(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR, "model_list: ~\n"
							     "general_settings: null\n"
							     "litellm_settings:\n"
							     "  cache_params:\n"
							     "  responses: {background_mode: }\n"
							     "respool:\n"
							     "  lease_seconds:\n"
							     "  api_keys:\n");

	(void)state;
	assert_int_equal(result.config->lease_seconds, 15);
	done(&result);
}

static void booleans_have_the_spellings_of_yaml_1_1(void **state)
{
	static const struct {
		const char *spelling;
		bool value;
	} cases[] = {{"true", true}, {"True", true}, {"YES", true}, {"on", true}, {"'yes'", true},
	    {"false", false}, {"No", false}, {"OFF", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		struct result result;

		snprintf(text, sizeof(text), "respool: {allow_anonymous: %s}", cases[i].spelling);
		result = load_right(CONFIG_RESPONDER, text);
		assert_int_equal(result.config->allow_anonymous, cases[i].value);
		done(&result);
	}
}

static void polling_via_cache_takes_all_a_list_or_false(void **state)
{
	static const struct {
		const char *value;
		enum polling_mode mode;
	} cases[] = {
	    {"all", POLLING_ALL},
	    {"\"all\"", POLLING_ALL},
	    {"false", POLLING_OFF},
	    {"off", POLLING_OFF},
	    {"", POLLING_OFF},
	    {"[]", POLLING_OFF},
	    {"[openai]", POLLING_PROVIDERS},
	    {"\n        - openai", POLLING_PROVIDERS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128];
		struct result result;

		snprintf(text, sizeof(text),
		    "litellm_settings:\n  responses:\n    background_mode:\n"
		    "      polling_via_cache: %s\n",
		    cases[i].value);
		result = load_right(CONFIG_RESPONDER, text);
		assert_int_equal(result.config->polling.mode, cases[i].mode);
		assert_int_equal(
		    result.config->polling.provider_count, cases[i].mode == POLLING_PROVIDERS);
		done(&result);
	}
}

static void secrets_are_in_no_message(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_A", "hidden-a", 1);
	result =
	    load("model_list:\n"
		 "  - model_name: 'a**'\n"
		 "    litellm_params:\n"
		 "      model: /m\n"
		 "      api_key: hidden-1\n"
		 "      api_base: hidden-2\n"
		 "      organization: \"hidden-8\\n\"\n"
		 "      extra_headers: {x-key: \"hidden-9\\n\", host: hidden-10}\n"
		 "general_settings: {master_key: hidden-3, unknown: hidden-4}\n"
		 "litellm_settings:\n"
		 "  cache: true\n"
		 "  cache_params: {url: 'redis://:hidden-5@h:x', password: hidden-6, port: x}\n"
		 "respool:\n"
		 "  api_keys:\n"
		 "    - {name: a, key: hidden-3}\n"
		 "    - {name: b, key: os.environ/TEST_A, other: hidden-7}\n"
		 "    - {name: c, key: os.environ/TEST_A}\n");
	assert_null(result.config);
	assert_int_equal(count_of(result.errors, "\n"), 9);
	assert_lacks(result.errors, "hidden");
	assert_lacks(result.log, "hidden");
	done(&result);
}

static void nothing_to_free_is_fine(void **state)
{
	(void)state;
	config_free(NULL);
}

static void the_path_is_the_options_the_variables_or_the_default(void **state)
{
	(void)state;
	assert_string_equal(config_path(NULL), SYSCONFDIR "/respool/config.yaml");
	setenv("RESPOOL_CONFIG", "", 1);
	assert_string_equal(config_path(NULL), SYSCONFDIR "/respool/config.yaml");
	setenv("RESPOOL_CONFIG", "/from/env.yaml", 1);
	assert_string_equal(config_path(NULL), "/from/env.yaml");
	assert_string_equal(config_path("given.yaml"), "given.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_file_is_an_error),
	    TEST(a_file_of_no_settings_gives_the_defaults),
	    TEST(the_default_flush_interval_is_150ms_batch_interval_constant),
	    TEST(every_key_of_respool_is_read),
	    TEST(every_key_of_litellm_settings_is_read),
	    TEST(every_key_of_a_deployment_is_read),
	    TEST(time_outs_have_defaults_wherever_these_stand),
	    TEST(a_key_without_a_value_is_as_good_as_absent),
	    TEST(booleans_have_the_spellings_of_yaml_1_1),
	    TEST(polling_via_cache_takes_all_a_list_or_false),
	    TEST(secrets_are_in_no_message),
	    TEST(nothing_to_free_is_fine),
	    TEST(the_path_is_the_options_the_variables_or_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
