#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "common/config/model.h"
#include "loaded.h"

/* Defaults and plain values */

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

/* Deployments */

static void a_model_that_begins_with_a_star_leaves_the_provider_open(void **state)
{
	static const struct {
		const char *params;
		bool any;
	} cases[] = {
	    {"model: '*'", true},
	    {"model: 'openai/*'", false},
	    {"model: '*', custom_llm_provider: groq", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: '*', litellm_params: {%s}}]\n", cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_int_equal(result.config->deployments[0].any_provider, cases[i].any);
		done(&result);
	}
}

static void the_provider_is_taken_off_the_model(void **state)
{
	static const struct {
		const char *params;
		const char *provider;
		const char *model;
	} cases[] = {
	    {"model: openai/gpt-5", "openai", "gpt-5"},
	    {"model: gpt-5", "openai", "gpt-5"},
	    {"model: openrouter/maker/model", "openrouter", "maker/model"},
	    {"model: 'openai/*'", "openai", "*"},
	    {"model: '*'", "openai", "*"},
	    {"model: gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: groq/gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: openai/gpt-oss, custom_llm_provider: groq", "groq", "openai/gpt-oss"},
	    {"model: groqq/gpt-5, custom_llm_provider: groq", "groq", "groqq/gpt-5"},
	    {"model: openai/responses/gpt-5", "openai", "gpt-5"},
	    {"model: azure/responses/gpt-5", "azure", "gpt-5"},
	    {"model: 'openai/responses/*'", "openai", "*"},
	    {"model: openai/responses/responses/x", "openai", "responses/x"},
	    {"model: responses/gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: groq/responses/gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"},
	    {"model: 'claude-*'", "anthropic", "claude-*"},
	    {"model: gemini-2.5-pro", "gemini", "gemini-2.5-pro"},
	    {"model: gemini-2.5-pro, vertex_project: p", "vertex_ai", "gemini-2.5-pro"},
	    {"model: grok-3, custom_llm_provider: openai", "openai", "grok-3"},
	    {"model: llama3, api_base: 'http://127.0.0.1:1'", "openai", "llama3"},
	    {"model: grok-3, api_base: 'http://127.0.0.1:1'", "xai", "grok-3"},
	    {"model: llama3, api_base: 'https://api.groq.com/openai/v1/'", "groq", "llama3"},
	    {"model: deepseek-r1, api_base: 'https://api.groq.com/openai/v1'", "groq",
		"deepseek-r1"},
	    {"model: my/own, api_base: 'http://127.0.0.1:1'", "my", "own"},
	    {"model: my/own, api_base: 'https://api.groq.com/openai/v1'", "groq", "my/own"},
	    {"model: xai/m, api_base: 'https://api.groq.com/openai/v1'", "xai", "m"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {%s}}]\n", cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_string_equal(result.config->deployments[0].provider, cases[i].provider);
		assert_string_equal(result.config->deployments[0].model, cases[i].model);
		done(&result);
	}
}

static void the_provider_supplies_base_and_key_that_are_not_given(void **state)
{
	struct result result;

	(void)state;
	setenv("OPENAI_API_KEY", "sk-from-openai", 1);
	setenv("GROQ_API_KEY", "", 1);
	result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a}}\n"
	    "  - {model_name: b, litellm_params: {model: groq/b}}\n"
	    "  - {model_name: c, litellm_params: {model: ollama/c}}\n"
	    "  - {model_name: d, litellm_params: {model: openai/d, api_key: ''}}\n");
	assert_string_equal(result.config->deployments[0].api_base, "https://api.openai.com/v1");
	assert_string_equal(result.config->deployments[0].api_key, "sk-from-openai");
	assert_string_equal(
	    result.config->deployments[1].api_base, "https://api.groq.com/openai/v1");
	assert_null(result.config->deployments[1].api_key);
	assert_string_equal(result.config->deployments[2].api_base, "http://localhost:11434/v1");
	assert_null(result.config->deployments[2].api_key);
	assert_null(result.config->deployments[3].api_key);
	done(&result);
}

static void a_deployment_without_a_known_base_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: unknown\n"
	    "    litellm_params:\n"
	    "      model: never-heard-of/it\n"
	    "  - model_name: mine\n"
	    "    litellm_params: {model: unheard/of, api_base: 'http://127.0.0.1:1'}\n"
	    "  - model_name: named\n"
	    "    litellm_params: {model: it, custom_llm_provider: unheard-of}\n");

	(void)state;
	assert_null(result.config->deployments[0].api_base);
	assert_string_equal(result.config->deployments[1].api_base, "http://127.0.0.1:1");
	assert_null(result.config->deployments[2].api_base);
	assert_holds(result.log, "config.yaml:3: model_list[0].litellm_params: no api_base, and "
				 "none is known for provider \"never-heard-of\": "
				 "the deployment cannot be used");
	assert_holds(result.log, "none is known for provider \"unheard-of\"");
	assert_int_equal(count_of(result.log, "cannot be used"), 2);
	done(&result);
}

static void a_model_of_nobody_s_name_is_an_error_without_an_api_base(void **state)
{
	static const char *const models[] = {"my-model", "llama3.1:8b", "gpt-oss-120b", "gpt*"};

	(void)state;
	setenv("OPENAI_BASE_URL", "http://127.0.0.1:1", 1);
	setenv("TEST_A", "hidden", 1);
	for (size_t i = 0; i < COUNT(models); i++) {
		char text[160], message[320];

		snprintf(text, sizeof(text),
		    "model_list:\n- model_name: m\n  litellm_params:\n    model: '%s'\n",
		    models[i]);
		snprintf(message, sizeof(message),
		    "4: model_list[0].litellm_params.model: \"%s\" cannot be resolved to a "
		    "provider, expected provider/model, or custom_llm_provider or api_base beside "
		    "it",
		    models[i]);
		assert_error_as(CONFIG_RESPONDER, text, message);
		assert_error_as(CONFIG_SUPERVISOR, text, message);
	}
	assert_error("model_list: [{model_name: m, litellm_params: {model: os.environ/TEST_A}}]\n",
	    "1: model_list[0].litellm_params.model: \"os.environ/TEST_A\" cannot be resolved to a "
	    "provider, expected provider/model, or custom_llm_provider or api_base beside it");
}

static void a_key_goes_to_no_provider_but_the_model_s_own(void **state)
{
	struct result result;

	(void)state;
	setenv("OPENAI_API_KEY", "sk-openai", 1);
	setenv("XAI_API_KEY", "sk-xai", 1);
	result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: claude-opus-4-5, api_key: sk-ant}}\n"
	    "  - {model_name: b, litellm_params: {model: grok-3}}\n"
	    "  - {model_name: c, litellm_params: {model: gpt-5}}\n"
	    "  - {model_name: d, litellm_params: {model: medlm-large, api_key: k}}\n");
	assert_string_equal(result.config->deployments[0].api_base, "https://api.anthropic.com");
	assert_string_equal(result.config->deployments[0].api_key, "sk-ant");
	assert_string_equal(result.config->deployments[1].api_base, "https://api.x.ai/v1");
	assert_string_equal(result.config->deployments[1].api_key, "sk-xai");
	assert_string_equal(result.config->deployments[2].api_base, "https://api.openai.com/v1");
	assert_string_equal(result.config->deployments[2].api_key, "sk-openai");
	assert_null(result.config->deployments[3].api_base);
	assert_holds(result.log, "config.yaml:5: model_list[3].litellm_params: provider "
				 "\"vertex_ai\" has an API of its own, which is not spoken here: "
				 "the deployment cannot be used");
	done(&result);
}

static void no_provider_s_key_goes_to_an_api_base_that_alone_says_whose_it_is(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: llama3, api_base: 'http://a'}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/llama3, api_base: 'http://a'}}\n"
	    "  - {model_name: c, litellm_params: {model: ll, api_base: 'http://a', api_key: k}}\n";
	struct result result = load_right(CONFIG_SUPERVISOR, text);

	(void)state;
	assert_lacks(result.log, "its name says");
	done(&result);
	setenv("OPENAI_API_KEY", "sk-openai", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_null(result.config->deployments[0].api_key);
	assert_string_equal(result.config->deployments[1].api_key, "sk-openai");
	assert_string_equal(result.config->deployments[2].api_key, "k");
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: nothing but its "
				 "name says whose the model is: the key in OPENAI_API_KEY is not "
				 "sent to api_base, expected openai/model or api_key if it should "
				 "be\n");
	assert_int_equal(count_of(result.log, "its name says"), 1);
	done(&result);
}

static void no_provider_s_key_goes_to_another_api_base_for_the_model_s_name(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: mistral-7b, api_base: 'http://a'}}\n"
	    "  - {model_name: b, litellm_params: {model: mistral/m, api_base: 'http://a'}}\n"
	    "  - {model_name: c, litellm_params: {model: mistral-small}}\n"
	    "  - {model_name: d, litellm_params: {model: gpt-5, api_base: 'http://a'}}\n"
	    "  - {model_name: e, litellm_params: {model: gpt-neox-20b, api_base: 'http://a'}}\n";
	struct result result;

	(void)state;
	setenv("MISTRAL_API_KEY", "sk-mistral", 1);
	setenv("OPENAI_API_KEY", "sk-openai", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_null(result.config->deployments[0].api_key);
	assert_string_equal(result.config->deployments[1].api_key, "sk-mistral");
	assert_string_equal(result.config->deployments[2].api_key, "sk-mistral");
	assert_string_equal(result.config->deployments[3].api_key, "sk-openai");
	assert_null(result.config->deployments[4].api_key);
	assert_int_equal(count_of(result.log, "its name says"), 2);
	done(&result);
}

static void a_key_that_clients_can_send_to_any_provider_is_a_warning(void **state)
{
	static const struct {
		const char *params;
		size_t warnings;
	} cases[] = {
	    {"model: '*', api_key: k", 1},
	    {"model: '*', api_key: ''", 0},
	    {"model: '*'", 0},
	    {"model: '*', api_key: k, api_base: 'http://a'", 0},
	    {"model: 'openai/*', api_key: k", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: '*', litellm_params: {%s}}]\n", cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_int_equal(count_of(result.log, "api_key is sent to whatever provider"),
		    cases[i].warnings);
		done(&result);
	}
}

static void a_file_without_models_is_a_warning(void **state)
{
	static const char *const texts[] = {"{}\n", "model_list:\n", "model_list: []\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct result result = load_right(CONFIG_SUPERVISOR, texts[i]);

		assert_holds(result.log, "config.yaml: model_list: no deployments");
		done(&result);
	}
}

static void wrong_deployments_are_errors(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"model_list: gpt-5\n", "1: model_list: text, expected a list of deployments"},
	    {"model_list: {a: b}\n", "1: model_list: a mapping, expected a list of deployments"},
	    {"model_list:\n - gpt-5\n",
		"2: model_list[0]: text, expected a mapping with model_name and litellm_params"},
	    {"model_list:\n -\n",
		"2: model_list[0]: nothing, expected a mapping with model_name and "
		"litellm_params"},
	    {"model_list:\n - litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: missing, expected the name that clients use"},
	    {"model_list:\n - model_name: m\n",
		"2: model_list[0].litellm_params: missing, expected a mapping with model"},
	    {"model_list:\n - model_name: m\n   litellm_params: openai/m\n",
		"3: model_list[0].litellm_params: text, expected a mapping with model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {timeout: 1}\n",
		"3: model_list[0].litellm_params.model: missing, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: }\n",
		"3: model_list[0].litellm_params.model: missing, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: ''}\n",
		"3: model_list[0].litellm_params.model: nothing in it, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: [m]}\n",
		"3: model_list[0].litellm_params.model: a list, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: /m}\n",
		"3: model_list[0].litellm_params.model: \"/m\" lacks a name before the /, "
		"expected provider/model"},
	    {"model_list:\n - model_name: 'a*b*'\n   litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: \"a*b*\" with more than one *, "
		"expected one at most"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: 'openai/**'}\n",
		"3: model_list[0].litellm_params.model: \"openai/**\" with more than one *, "
		"expected one at most"},
	    {"model_list:\n - model_name: \"a\\nb\"\n   litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: a control character in it, "
		"expected the name that clients use"},
	    {"model_list:\n - model_name: \"a\\0b\"\n   litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: a control character in it, "
		"expected the name that clients use"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: 0}\n",
		"3: model_list[0].litellm_params.timeout: \"0\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, stream_timeout: "
	     "5s}\n",
		"3: model_list[0].litellm_params.stream_timeout: \"5s\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: -1}\n",
		"3: model_list[0].litellm_params.timeout: \"-1\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: .inf}\n",
		"3: model_list[0].litellm_params.timeout: \".inf\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: "
	     "604800.5}\n",
		"3: model_list[0].litellm_params.timeout: \"604800.5\", "
		"expected a number of seconds above 0 and up to 604800"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error_as(CONFIG_SUPERVISOR, cases[i].text, cases[i].message);
}

static void a_wrong_api_base_is_an_error_that_does_not_show_it(void **state)
{
	static const char *const bases[] = {
	    "api.example/v1", "ftp://hidden/", "https://", "'http:///v1'", "'http://hid den/'"};

	(void)state;
	for (size_t i = 0; i < COUNT(bases); i++) {
		char text[160];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, api_base: "
		    "%s}}]\n",
		    bases[i]);
		assert_error_as(CONFIG_SUPERVISOR, text,
		    "1: model_list[0].litellm_params.api_base: not a URL of that kind, "
		    "expected a URL that begins with http:// or https://, "
		    "without query and fragment");
	}
}

/* Numbers, types and structure */

static void wrong_values_are_errors_with_place_and_expectation(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"- a\n", "1: the file: a list, expected a mapping of sections"},
	    {"text\n", "1: the file: text, expected a mapping of sections"},
	    {"respool: 5\n", "1: respool: text, expected a mapping of settings"},
	    {"general_settings: [a]\n",
		"1: general_settings: a list, expected a mapping of settings"},
	    {"litellm_settings: x\n", "1: litellm_settings: text, expected a mapping of settings"},
	    {"litellm_settings: {responses: x}\n",
		"1: litellm_settings.responses: text, expected a mapping with background_mode"},
	    {"litellm_settings: {responses: {background_mode: x}}\n",
		"1: litellm_settings.responses.background_mode: text, "
		"expected a mapping with polling_via_cache"},
	    {"litellm_settings: {cache_params: redis}\n",
		"1: litellm_settings.cache_params: text, "
		"expected a mapping of the cache's settings"},
	    {"litellm_settings:\n  cache: maybe\n",
		"2: litellm_settings.cache: \"maybe\", expected true or false"},
	    {"litellm_settings:\n  num_retries: 101\n",
		"2: litellm_settings.num_retries: \"101\", expected an integer from 0 to 100"},
	    {"respool:\n  allow_anonymous: 1\n",
		"2: respool.allow_anonymous: \"1\", expected true or false"},
	    {"respool:\n  allow_anonymous: [true]\n",
		"2: respool.allow_anonymous: a list, expected true or false"},
	    {"respool:\n  lease_seconds: 0\n",
		"2: respool.lease_seconds: \"0\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: -5\n",
		"2: respool.lease_seconds: \"-5\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 15s\n",
		"2: respool.lease_seconds: \"15s\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 1.5\n",
		"2: respool.lease_seconds: \"1.5\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 010\n",
		"2: respool.lease_seconds: \"010\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 0x10\n",
		"2: respool.lease_seconds: \"0x10\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: ' 5'\n",
		"2: respool.lease_seconds: \" 5\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 4294967297\n",
		"2: respool.lease_seconds: \"4294967297\", expected an integer from 1 to 3600"},
	    {"respool:\n  max_queue: 99999999999999999999\n",
		"2: respool.max_queue: \"99999999999999999999\", "
		"expected an integer from 1 to 1000000000"},
	    {"respool:\n  max_response_bytes: 536870913\n",
		"2: respool.max_response_bytes: \"536870913\", "
		"expected an integer from 1 to 209715200"},
	    {"respool:\n  max_streams: {a: b}\n",
		"2: respool.max_streams: a mapping, expected an integer from 1 to 1000000"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n      ttl: 0\n",
		"4: litellm_settings.responses.background_mode.ttl: \"0\", "
		"expected an integer from 1 to 315360000"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache: openai\n",
		"4: litellm_settings.responses.background_mode.polling_via_cache: "
		"some other text, expected \"all\", a list of providers, or false"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache: true\n",
		"4: litellm_settings.responses.background_mode.polling_via_cache: "
		"some other text, expected \"all\", a list of providers, or false"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache: {openai: true}\n",
		"4: litellm_settings.responses.background_mode.polling_via_cache: "
		"a mapping, expected \"all\", a list of providers, or false"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache:\n        - openai\n        - [azure]\n",
		"6: litellm_settings.responses.background_mode.polling_via_cache[1]: "
		"a list, expected a provider's name"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      native_background_mode: o3\n",
		"4: litellm_settings.responses.background_mode.native_background_mode: "
		"text, expected a list of models' names"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      native_background_mode: [null]\n",
		"4: litellm_settings.responses.background_mode.native_background_mode[0]: "
		"nothing, expected a model's name"},
	    {"respool:\n  max_queue: 1\n  drain_seconds: 2\n  max_queue: 3\n",
		"4: respool.max_queue: given again, expected once (first in line 2)"},
	    {"respool: {}\nrespool: {}\n",
		"2: respool: given again, expected once (first in line 1)"},
	    {"respool:\n  ? [a]\n  : b\n",
		"2: respool.?: not a name, expected a key of plain text"},
	    {"respool:\n  \"lease\\nseconds\": 1\n  \"lease\\nseconds\": 2\n",
		"3: respool.lease\\x0aseconds: given again, expected once (first in line 2)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error(cases[i].text, cases[i].message);
}

static void all_errors_of_a_file_are_reported(void **state)
{
	struct result result = load_as(CONFIG_SUPERVISOR, "model_list:\n"
							  "  - model_name: m\n"
							  "    litellm_params: {timeout: x}\n"
							  "  - litellm_params: {model: groq/b}\n"
							  "litellm_settings:\n"
							  "  cache: perhaps\n"
							  "respool:\n"
							  "  max_queue: 0\n"
							  "  max_streams: 0\n");

	(void)state;
	assert_null(result.config);
	assert_holds(result.errors, "config.yaml:3: model_list[0].litellm_params.model: missing");
	assert_holds(result.errors, "config.yaml:3: model_list[0].litellm_params.timeout: \"x\"");
	assert_holds(result.errors, "config.yaml:4: model_list[1].model_name: missing");
	assert_holds(result.errors, "config.yaml:6: litellm_settings.cache: \"perhaps\"");
	assert_holds(result.errors, "config.yaml:8: respool.max_queue: \"0\"");
	assert_holds(result.errors, "config.yaml:9: respool.max_streams: \"0\"");
	assert_int_equal(count_of(result.errors, "\n"), 6);
	done(&result);
}

static void a_syntax_error_names_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *line;
	} cases[] = {
	    {"respool:\n  a: [1,\n", "config.yaml:3: "},
	    {"respool:\n\tmax_queue: 1\n", "config.yaml:2: "},
	    {"respool:\n  a: 'open\n", "config.yaml:3: "},
	    {"a: b: c\n", "config.yaml:1: "},
	    {"a: *nowhere\n", "config.yaml:1: "},
	    {"a: 1\nb: 2\nc: \xff\n", "config.yaml:3: "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result result = load(cases[i].text);

		assert_null(result.config);
		assert_memory_equal(result.errors, cases[i].line, strlen(cases[i].line));
		assert_holds(result.errors, ", expected valid YAML\n");
		assert_int_equal(count_of(result.errors, "\n"), 1);
		done(&result);
	}
}

static void a_second_document_is_an_error(void **state)
{
	struct result result;

	(void)state;
	assert_error("respool: {}\n---\nrespool: {}\n", "3: a second document, expected only one");
	result = load_right(CONFIG_SUPERVISOR, "---\nrespool: {}\n...\n");
	done(&result);
}

static void an_unreadable_file_is_an_error_with_the_reason(void **state)
{
	struct result result;

	(void)state;
	result = load_path("missing.yaml", CONFIG_RESPONDER);
	assert_null(result.config);
	assert_string_equal(
	    result.errors, "missing.yaml: cannot be opened: No such file or directory\n");
	done(&result);
	result = load_path(".", CONFIG_RESPONDER);
	assert_null(result.config);
	assert_string_equal(result.errors, ".: cannot be read: Is a directory\n");
	done(&result);
}

static void a_file_without_an_end_is_an_error(void **state)
{
	struct result result = load_path("/dev/zero", CONFIG_RESPONDER);

	(void)state;
	assert_null(result.config);
	assert_string_equal(
	    result.errors, "/dev/zero: too large, expected at most 16777216 bytes\n");
	done(&result);
}

static void anchors_aliases_and_merge_keys_resolve(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "defaults: &defaults\n"
	    "  api_base: http://127.0.0.1:9/v1\n"
	    "  timeout: 5\n"
	    "more: &more {timeout: 6, stream_timeout: 7}\n"
	    "model_list:\n"
	    "  - model_name: &name gpt-5\n"
	    "    litellm_params: {<<: *defaults, model: openai/a, api_key: &key sk-1}\n"
	    "  - model_name: *name\n"
	    "    litellm_params: {<<: [*more, *defaults], model: openai/b, api_key: *key}\n");
	const struct deployment *deployments = result.config->deployments;

	(void)state;
	assert_string_equal(deployments[0].api_base, "http://127.0.0.1:9/v1");
	assert_int_equal((int)deployments[0].timeout, 5);
	assert_string_equal(deployments[1].model_name, "gpt-5");
	assert_string_equal(deployments[1].api_key, "sk-1");
	assert_string_equal(deployments[1].api_base, "http://127.0.0.1:9/v1");
	assert_int_equal((int)deployments[1].timeout, 6);
	assert_int_equal((int)deployments[1].stream_timeout, 7);
	done(&result);
}

static void a_members_own_key_wins_over_a_merged_one(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, "base: &base {lease_seconds: 1, max_attempts: 9}\n"
					  "respool: {lease_seconds: 2, <<: *base}\n");

	(void)state;
	assert_int_equal(result.config->lease_seconds, 2);
	assert_int_equal(result.config->max_attempts, 9);
	done(&result);
}

static void a_merge_that_holds_itself_is_an_error(void **state)
{
	(void)state;
	assert_error("respool: &a\n  <<: *a\n",
	    "1: respool.<<: merges nested too deep, expected at most 8 levels");
	assert_error("respool: {<<: text}\n",
	    "1: respool.<<: text, expected a mapping or a list of mappings");
}

static void a_list_that_holds_itself_is_an_error(void **state)
{
	struct result result = load("model_list: &a [*a]\nrespool: {api_keys: &b [*b]}\n");

	(void)state;
	assert_null(result.config);
	assert_holds(result.errors, "config.yaml:1: model_list[0]: a list, expected a mapping");
	assert_holds(
	    result.errors, "config.yaml:2: respool.api_keys[0]: a list, expected a mapping");
	done(&result);
}

static void any_number_of_deployments_may_have_what_is_merged(void **state)
{
	enum { DEPLOYMENTS = 1500 };
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	struct result result;

	(void)state;
	assert_non_null(file);
	fputs("x: &x {api_key: k}\nmodel_list:\n", file);
	for (int i = 0; i < DEPLOYMENTS; i++)
		fprintf(
		    file, "  - {model_name: a, litellm_params: {<<: *x, model: openai/%d}}\n", i);
	fclose(file);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_int_equal(result.config->deployment_count, DEPLOYMENTS);
	assert_string_equal(result.config->deployments[DEPLOYMENTS - 1].api_key, "k");
	done(&result);
	free(text);
}

static void merges_without_end_are_one_error(void **state)
{
	struct result result = load("a: &a {x: 1}\n"
				    "b: &b {<<: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]}\n"
				    "c: &c {<<: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]}\n"
				    "d: &d {<<: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]}\n"
				    "respool: {<<: *d}\n"
				    "general_settings: {<<: *d}\n");

	(void)state;
	assert_null(result.config);
	assert_holds(result.errors, ": merges without end, expected at most 1000\n");
	assert_int_equal(count_of(result.errors, "\n"), 1);
	done(&result);
}

static void the_digits_of_a_number_may_be_set_apart(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: openai/a, api_key: k, rpm: 100_000, timeout: 1_000.5}\n");

	(void)state;
	assert_int_equal(result.config->deployments[0].rpm, 100000);
	assert_true(result.config->deployments[0].timeout == 1000.5);
	done(&result);
	assert_error("litellm_settings: {num_retries: _1}\n",
	    "1: litellm_settings.num_retries: \"_1\", expected an integer from 0 to 100");
	assert_error("litellm_settings: {num_retries: "
		     "0_____________________________________________________x}\n",
	    "1: litellm_settings.num_retries: "
	    "\"0_____________________________________________________x\", expected an integer "
	    "from 0 to 100");
}

/* Keys that are not implemented */

static void an_unknown_key_is_named_once_and_ignored(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, "router_settings:\n"
					  "  routing_strategy: simple-shuffle\n"
					  "  strange: {a: b}\n"
					  "litellm_settings:\n"
					  "  stranger: true\n"
					  "model_list:\n"
					  "  - model_name: a\n"
					  "    litellm_params: {model: openai/a, unknown: 5}\n"
					  "    model_info: {id: 1}\n"
					  "  - model_name: b\n"
					  "    litellm_params: {model: openai/b, unknown: 6}\n"
					  "    model_info: {id: 2}\n"
					  "    other: x\n");

	(void)state;
	assert_holds(
	    result.log, "config.yaml:3: router_settings.strange: not implemented, ignored\n");
	assert_holds(
	    result.log, "config.yaml:5: litellm_settings.stranger: not implemented, ignored\n");
	assert_holds(
	    result.log, "config.yaml:8: model_list[].litellm_params.unknown: not implemented, ");
	assert_holds(result.log, "config.yaml:13: model_list[].other: not implemented, ignored\n");
	assert_int_equal(count_of(result.log, "not implemented"), 4);
	assert_int_equal(count_of(result.log, "\n"), 4);
	done(&result);
}

static void another_routing_strategy_is_a_warning(void **state)
{
	struct result result = load_right(
	    CONFIG_SUPERVISOR, "router_settings: {routing_strategy: latency-based-routing}\n");

	(void)state;
	assert_holds(result.log, "config.yaml:1: router_settings.routing_strategy: "
				 "\"latency-based-routing\" is not implemented, "
				 "simple-shuffle is used\n");
	done(&result);
}

static void the_sections_of_a_litellm_file_load_unchanged(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_A", "sk-a", 1);
	result = load_right(CONFIG_SUPERVISOR,
	    "environment_variables: {X: y}\n"
	    "model_list:\n"
	    "  - model_name: claude\n"
	    "    litellm_params: {model: anthropic/claude, api_key: os.environ/TEST_A}\n"
	    "  - model_name: \"*\"\n"
	    "    litellm_params: {model: \"*\"}\n"
	    "router_settings: {timeout: 30, cache_responses: true}\n"
	    "litellm_settings:\n"
	    "  success_callback: [langfuse]\n"
	    "  cache: true\n"
	    "general_settings:\n"
	    "  master_key: sk-1234\n"
	    "  database_url: postgresql://nowhere\n");
	assert_int_equal(result.config->deployment_count, 2);
	assert_true(result.config->redis.enabled);
	assert_holds(result.log,
	    "config.yaml:7: router_settings.cache_responses: not implemented: "
	    "every request is sent to its provider, no answer is kept for it\n");
	assert_holds(result.log, "config.yaml:9: litellm_settings.success_callback: not "
				 "implemented: requests are not reported there\n");
	assert_holds(result.log,
	    "config.yaml:13: general_settings.database_url: not implemented: only "
	    "general_settings.master_key and respool.api_keys are let in\n");
	assert_int_equal(count_of(result.log, "not implemented"), 3);
	done(&result);
}

/* Values from the environment */

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

/* Tenants */

static void wrong_tenants_are_errors(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"respool:\n  api_keys: sk-hidden\n",
		"2: respool.api_keys: text, expected a list of mappings with name and key"},
	    {"respool:\n  api_keys: [sk-hidden]\n",
		"2: respool.api_keys[0]: text, expected a mapping with name and key"},
	    {"respool:\n  api_keys:\n    - key: sk-hidden\n",
		"3: respool.api_keys[0].name: missing, expected the tenant's name"},
	    {"respool:\n  api_keys:\n    - name: a\n",
		"3: respool.api_keys[0].key: missing, expected the tenant's key"},
	    {"respool:\n  api_keys:\n    - {name: a, key: ''}\n",
		"3: respool.api_keys[0].key: nothing in it, expected the tenant's key"},
	    {"respool:\n  api_keys:\n    - {name: '', key: sk-hidden}\n",
		"3: respool.api_keys[0].name: nothing in it, expected the tenant's name"},
	    {"respool:\n  api_keys:\n    - {name: master, key: sk-hidden}\n",
		"3: respool.api_keys[0]: name \"master\" is that of general_settings.master_key, "
		"expected another name"},
	    {"respool:\n  api_keys:\n    - {name: a, key: sk-1}\n    - {name: a, key: sk-2}\n",
		"4: respool.api_keys[1]: name \"a\" again, expected a name for each tenant"},
	    {"respool:\n  api_keys:\n    - {name: a, key: sk-1}\n    - {name: b, key: sk-1}\n",
		"4: respool.api_keys[1]: the same key as tenant \"a\", "
		"expected a key for each tenant"},
	    {"respool:\n  api_keys: [{name: a, key: sk-1}]\n"
	     "general_settings: {master_key: sk-1}\n",
		"2: respool.api_keys[0]: the same key as tenant \"master\", "
		"expected a key for each tenant"},
	    {"general_settings: {master_key: ''}\n",
		"1: general_settings.master_key: nothing in it, expected the master key"},
	    {"general_settings: {master_key: [sk-hidden]}\n",
		"1: general_settings.master_key: a list, expected the master key"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error(cases[i].text, cases[i].message);
}

static void a_key_that_would_break_a_header_is_an_error_that_does_not_show_it(void **state)
{
	static const struct {
		const char *key;
		const char *problem;
	} cases[] = {
	    {"' hidden'", "a blank at the beginning or end of it"},
	    {"'hidden '", "a blank at the beginning or end of it"},
	    {"\"hid\\nden\"", "a control character in it"},
	    {"\"hidden\\r\\n\"", "a control character in it"},
	    {"\"hidden\\t\"", "a control character in it"},
	    {"\"hid\\0den\"", "a control character in it"},
	    {"\"hid\\x7fden\"", "a control character in it"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160], message[160];

		snprintf(text, sizeof(text), "general_settings: {master_key: %s}\n", cases[i].key);
		snprintf(message, sizeof(message),
		    "1: general_settings.master_key: %s, expected the master key",
		    cases[i].problem);
		assert_error(text, message);
		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, api_key: "
		    "%s}}]\n",
		    cases[i].key);
		snprintf(message, sizeof(message),
		    "1: model_list[0].litellm_params.api_key: %s, expected the provider's key",
		    cases[i].problem);
		assert_error_as(CONFIG_SUPERVISOR, text, message);
	}
	setenv("OPENAI_API_KEY", "hidden\n", 1);
	assert_error_as(CONFIG_SUPERVISOR,
	    "model_list: [{model_name: m, litellm_params: {model: openai/m}}]\n",
	    "1: model_list[0].litellm_params: a blank or control character in environment "
	    "variable OPENAI_API_KEY, expected the provider's key");
}

static void a_providers_variable_is_taken_by_the_responder_only_if_it_is_usable(void **state)
{
	static const char text[] =
	    "model_list: [{model_name: m, litellm_params: {model: openai/m}}]\n";
	struct result result;

	(void)state;
	setenv("OPENAI_API_KEY", "sk-usable", 1);
	result = load_right(CONFIG_RESPONDER, text);
	assert_string_equal(result.config->deployments[0].api_key, "sk-usable");
	done(&result);
	setenv("OPENAI_API_KEY", "hidden\n", 1);
	result = load_right(CONFIG_RESPONDER, text);
	assert_null(result.config->deployments[0].api_key);
	assert_string_equal(result.config->deployments[0].missing, "OPENAI_API_KEY");
	assert_lacks(result.log, "hidden");
	done(&result);
}

static void a_responder_without_any_key_warns_of_401(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, "{}");

	(void)state;
	assert_holds(result.log,
	    "every request will be refused with 401 until general_settings.master_key, "
	    "respool.api_keys or respool.allow_anonymous is set");
	done(&result);
	result = load_right(CONFIG_RESPONDER, "respool: {allow_anonymous: true}\n");
	assert_lacks(result.log, "refused with 401");
	done(&result);
	result = load_right(CONFIG_RESPONDER, "general_settings: {master_key: sk-1}\n");
	assert_lacks(result.log, "refused with 401");
	done(&result);
}

static void polling_without_redis_is_a_warning(void **state)
{
	static const char polling[] = "  responses: {background_mode: {polling_via_cache: all}}\n";
	char text[256];
	struct result result;

	(void)state;
	snprintf(text, sizeof(text), "litellm_settings:\n%s", polling);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_false(result.config->redis.enabled);
	assert_holds(result.log, "config.yaml: litellm_settings.cache is not true: "
				 "background polling is off\n");
	done(&result);

	snprintf(text, sizeof(text),
	    "litellm_settings:\n  cache: true\n  cache_params: {type: s3}\n%s", polling);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_false(result.config->redis.enabled);
	assert_holds(result.log, "config.yaml: litellm_settings.cache_params.type is not redis: "
				 "background polling is off\n");
	done(&result);

	snprintf(text, sizeof(text), "litellm_settings:\n  cache: true\n%s", polling);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_true(result.config->redis.enabled);
	assert_lacks(result.log, "polling is off");
	done(&result);
}

/* Routing */

static const struct deployment *deployment_of(const struct result *result, size_t i)
{
	assert_true(i < result->config->deployment_count);
	return &result->config->deployments[i];
}

static void the_environment_supplies_bases_and_versions_that_are_not_given(void **state)
{
	struct result result;

	(void)state;
	setenv("AZURE_API_BASE", "https://r.openai.azure.com//", 1);
	setenv("AZURE_API_VERSION", "preview", 1);
	setenv("AZURE_OPENAI_API_KEY", "k-first", 1);
	setenv("AZURE_API_KEY", "k-second", 1);
	setenv("HOSTED_VLLM_API_BASE", "http://gpu:8000/v1", 1);
	setenv("OPENAI_API_BASE", "", 1);
	result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: azure/a}}\n"
	    "  - {model_name: b, litellm_params: {model: hosted_vllm/b}}\n"
	    "  - {model_name: c, litellm_params: {model: openai/c}}\n"
	    "  - {model_name: d, litellm_params: {model: azure/d, api_base: 'https://own',\n"
	    "     api_version: 2025-03-01, api_key: k-own}}\n"
	    "  - {model_name: e, litellm_params: {model: vllm/e}}\n");
	assert_string_equal(deployment_of(&result, 0)->api_base, "https://r.openai.azure.com");
	assert_string_equal(deployment_of(&result, 0)->api_version, "preview");
	assert_string_equal(deployment_of(&result, 0)->api_key, "k-first");
	assert_string_equal(deployment_of(&result, 1)->api_base, "http://gpu:8000/v1");
	assert_null(deployment_of(&result, 1)->api_version);
	assert_string_equal(deployment_of(&result, 2)->api_base, "https://api.openai.com/v1");
	assert_string_equal(deployment_of(&result, 3)->api_base, "https://own");
	assert_string_equal(deployment_of(&result, 3)->api_version, "2025-03-01");
	assert_string_equal(deployment_of(&result, 3)->api_key, "k-own");
	assert_string_equal(deployment_of(&result, 4)->api_base, "http://gpu:8000/v1");
	assert_string_equal(result.log, "");
	done(&result);
}

static void a_wrong_base_or_version_in_the_environment_is_an_error_where_it_is_needed(void **state)
{
	static const char text[] =
	    "model_list: [{model_name: m, litellm_params: {model: azure/m}}]\n";
	struct result result;

	(void)state;
	setenv("AZURE_API_BASE", "hidden", 1);
	assert_error_as(CONFIG_SUPERVISOR, text,
	    "1: model_list[0].litellm_params: the value of environment variable AZURE_API_BASE, "
	    "expected a URL that begins with http:// or https://, without query and fragment");
	result = load_right(CONFIG_RESPONDER, text);
	assert_string_equal(deployment_of(&result, 0)->missing, "AZURE_API_BASE");
	assert_lacks(result.log, "hidden");
	done(&result);
	setenv("AZURE_API_BASE", "https://a", 1);
	setenv("AZURE_API_VERSION", "1&hidden", 1);
	assert_error_as(CONFIG_SUPERVISOR, text,
	    "1: model_list[0].litellm_params: the value of environment variable "
	    "AZURE_API_VERSION, expected a version of the provider's API");
}

static void providers_with_an_api_of_their_own_are_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: vertex_ai/g}}\n"
	    "  - {model_name: b, litellm_params: {model: watsonx/g, api_base: 'http://own'}}\n"
	    "  - {model_name: c, litellm_params: {model: replicate/g, api: chat}}\n"
	    "  - {model_name: d, litellm_params: {model: replicate/g, api: chat,"
	    " api_base: 'http://own'}}\n"
	    "  - {model_name: e, litellm_params: {model: anthropic/claude}}\n"
	    "  - {model_name: f, litellm_params: {model: gemini/g}}\n");

	(void)state;
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: provider "
				 "\"vertex_ai\" has an API of its own, which is not spoken here: "
				 "the deployment cannot be used\n");
	assert_holds(result.log, "config.yaml:3: model_list[1].litellm_params: provider "
				 "\"watsonx\" is not known to serve the Responses API, which is "
				 "what will be asked of its api_base: expected api if it is "
				 "another\n");
	assert_holds(result.log, "config.yaml:4: model_list[2].litellm_params: provider "
				 "\"replicate\" has an API of its own");
	assert_int_equal(count_of(result.log, "\n"), 3);
	done(&result);
}

static void an_api_is_one_of_three(void **state)
{
	(void)state;
	assert_error("model_list:\n"
		     "  - model_name: m\n"
		     "    litellm_params:\n"
		     "      model: openai/m\n"
		     "      api: completions\n",
	    "5: model_list[0].litellm_params.api: \"completions\", expected responses, chat or "
	    "messages");
	assert_error(
	    "model_list: [{model_name: m, litellm_params: {model: openai/m, api: [chat]}}]\n",
	    "1: model_list[0].litellm_params.api: a list, expected responses, chat or messages");
}

static void a_quirk_is_true_or_false(void **state)
{
	(void)state;
	assert_error("model_list:\n"
		     "  - model_name: m\n"
		     "    litellm_params: {model: openai/m, think_tags: maybe}\n",
	    "3: model_list[0].litellm_params.think_tags: \"maybe\", expected true or false");
}

static void a_number_of_tokens_is_one_above_0(void **state)
{
	(void)state;
	assert_error(
	    "model_list: [{model_name: m, litellm_params: {model: anthropic/m, max_tokens: 0}}]\n",
	    "1: model_list[0].litellm_params.max_tokens: \"0\", expected an integer from 1 to "
	    "2147483647");
}

static void bedrock_is_called_in_its_region(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: bedrock/openai.gpt-oss-120b-1:0}}\n"
	    "  - {model_name: b, litellm_params: {model: bedrock/b, aws_region_name: eu-west-1}}\n"
	    "  - {model_name: '*', litellm_params: {model: '*'}}\n";
	struct result result = load_right(CONFIG_SUPERVISOR, text);

	(void)state;
	assert_null(result.config->deployments[0].api_base);
	assert_string_equal(result.config->deployments[0].model, "openai.gpt-oss-120b-1:0");
	assert_string_equal(result.config->deployments[1].api_base,
	    "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1");
	assert_null(deployment_base(&result.config->deployments[2], "bedrock/x"));
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: no region is known "
				 "for provider \"bedrock\", expected aws_region_name or "
				 "AWS_REGION_NAME: the deployment cannot be used\n");
	assert_holds(result.log, "config.yaml:3: model_list[1].litellm_params: requests to "
				 "provider \"bedrock\" are not signed, expected api_key or "
				 "AWS_BEARER_TOKEN_BEDROCK: it will refuse them\n");
	assert_int_equal(count_of(result.log, "\n"), 2);
	done(&result);
	setenv("AWS_REGION", "us-west-2", 1);
	setenv("AWS_BEARER_TOKEN_BEDROCK", "token", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_string_equal(result.config->deployments[0].api_base,
	    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1");
	assert_string_equal(result.config->deployments[0].api_key, "token");
	assert_string_equal(result.config->deployments[1].api_base,
	    "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1");
	assert_string_equal(deployment_base(&result.config->deployments[2], "bedrock/x"),
	    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1");
	assert_string_equal(deployment_key(&result.config->deployments[2], "bedrock/x"), "token");
	assert_string_equal(result.log, "");
	done(&result);
}

static void ways_to_bedrock_are_no_part_of_a_models_name(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: bedrock/converse/us.amazon.b, aws_region_name: "
	    "eu-west-1}\n"
	    "  - {model_name: 'bedrock/*', litellm_params: {model: 'bedrock/*'}}\n");
	char *name = model_upstream_name(&result.config->deployments[0], "a");

	(void)state;
	assert_string_equal(name, "us.amazon.b");
	free(name);
	name = model_upstream_name(&result.config->deployments[1], "bedrock/invoke/meta.c");
	assert_string_equal(name, "meta.c");
	free(name);
	done(&result);
}

static void a_region_is_no_part_of_another_host(void **state)
{
	(void)state;
	assert_error("model_list:\n"
		     "  - model_name: m\n"
		     "    litellm_params: {model: bedrock/m, aws_region_name: evil.example/}\n",
	    "3: model_list[0].litellm_params.aws_region_name: a character that no region has, "
	    "expected a region, of letters, digits and -");
}

static void dropping_holds_for_what_cannot_be_translated_too(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "litellm_settings: {drop_params: true}\n"
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: anthropic/a}}\n"
	    "  - {model_name: b, litellm_params: {model: anthropic/b, drop_params: false}}\n"
	    "  - {model_name: c, litellm_params: {model: anthropic/c, drop_params: [user]}}\n");

	(void)state;
	assert_true(result.config->deployments[0].drop_params);
	assert_false(result.config->deployments[1].drop_params);
	assert_true(result.config->deployments[2].drop_params);
	done(&result);
}

static void what_azure_shows_as_an_address_may_be_one_of_chat_completions(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params:\n"
	    "      model: azure_ai/a\n"
	    "      api_base: https://r.services.ai.azure.com/models/chat/completions"
	    "?api-version=2024-05-01-preview\n");

	(void)state;
	assert_string_equal(result.config->deployments[0].api_base,
	    "https://r.services.ai.azure.com/models/chat/completions");
	assert_string_equal(result.config->deployments[0].api_version, "2024-05-01-preview");
	done(&result);
}

static void what_a_provider_does_not_take_is_dropped_if_that_is_wanted(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openrouter/a, drop_params: true,\n"
	    "     additional_drop_params: [user]}}\n"
	    "  - {model_name: b, litellm_params: {model: openrouter/b, drop_params: false}}\n"
	    "  - {model_name: c, litellm_params: {model: openrouter/c}}\n"
	    "  - {model_name: d, litellm_params: {model: openai/d, drop_params: true}}\n"
	    "  - {model_name: e, litellm_params: {model: '*', drop_params: true}}\n");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->dropped_count, 2);
	assert_string_equal(deployment_of(&result, 0)->dropped[0], "user");
	assert_string_equal(deployment_of(&result, 0)->dropped[1], "store");
	for (size_t i = 1; i < 5; i++) {
		assert_int_equal(deployment_of(&result, i)->dropped_count, 0);
		assert_int_equal(deployment_of(&result, i)->drops_by_model, i == 4);
	}
	done(&result);
}

static void drop_params_for_all_holds_for_those_that_do_not_say_themselves(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openrouter/a}}\n"
	    "  - {model_name: b, litellm_params: {model: openrouter/b, drop_params: false}}\n"
	    "litellm_settings: {drop_params: true}\n");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->dropped_count, 1);
	assert_int_equal(deployment_of(&result, 1)->dropped_count, 0);
	done(&result);
}

static void a_nested_member_is_not_dropped_and_that_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a,\n"
	    "     additional_drop_params: ['tools[*].strict', text.verbosity, user]}}\n");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->dropped_count, 1);
	assert_int_equal(count_of(result.log, "is not at the top of a request: not dropped"), 2);
	done(&result);
}

static void wrong_parameters_of_deployments_are_errors(void **state)
{
	static const struct {
		const char *params;
		const char *message;
	} cases[] = {
	    {"weight: -1", "weight: \"-1\", expected a number from 0 up to 2147483647"},
	    {"weight: .5e1", "weight: \".5e1\", expected a number from 0 up to 2147483647"},
	    {"rpm: many", "rpm: \"many\", expected an integer from 0 to 2147483647"},
	    {"organization: []", "organization: a list, expected the organization's id"},
	    {"organization: {a: b}", "organization: a mapping, expected the organization's id"},
	    {"organization: [a, [b]]", "organization[1]: a list, expected the organization's id"},
	    {"organization: \"a\\nb\"",
		"organization: a control character in it, expected the organization's id"},
	    {"api_version: 'v1&x=y'", "api_version: a character that no version has, "
				      "expected letters, digits, - and ."},
	    {"api_base: 'https://a/openai?api-version=1'",
		"api_base: not a URL of that kind, expected a URL that begins with http:// or "
		"https://, without query and fragment"},
	    {"extra_headers: [a]",
		"extra_headers: a list, expected a mapping of headers' names to their values"},
	    {"extra_headers: {a: [b]}", "extra_headers.a: a list, expected the header's value"},
	    {"extra_headers: {a: ''}", "extra_headers.a: nothing in it, expected the header's "
				       "value"},
	    {"extra_headers: {a: \"hidden\\r\\nb: c\"}",
		"extra_headers.a: a control character in it, expected the header's value"},
	    {"drop_params: maybe", "drop_params: \"maybe\", expected true or false"},
	    {"drop_params: [model]", "drop_params[0]: \"model\" cannot be dropped, "
				     "expected any other member of a request"},
	    {"additional_drop_params: [user, stream]",
		"additional_drop_params[1]: \"stream\" cannot be dropped, "
		"expected any other member of a request"},
	    {"additional_drop_params: user",
		"additional_drop_params: text, expected a list of names of a request's members"},
	    {"additional_drop_params: [{}]", "additional_drop_params[0]: a mapping, expected the "
					     "name of a request's member"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256], message[256];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, %s}}]\n",
		    cases[i].params);
		snprintf(message, sizeof(message), "1: model_list[0].litellm_params.%s",
		    cases[i].message);
		assert_error(text, message);
	}
}

static void a_model_without_a_name_behind_its_provider_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: azure/, api_base: 'https://a'}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/}}\n");

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_null(deployment_of(&result, i)->api_base);
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: model has no name "
				 "after the /: the deployment cannot be used\n");
	assert_int_equal(count_of(result.log, "\n"), 2);
	done(&result);
}

static void a_weight_may_have_a_fraction(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a, weight: 0.25}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/a, weight: 2147483647}}\n");

	(void)state;
	assert_float_equal(deployment_of(&result, 0)->weight, 0.25, 0);
	assert_float_equal(deployment_of(&result, 1)->weight, 2147483647, 0);
	done(&result);
}

static void each_organization_of_a_list_is_a_deployment(void **state)
{
	const char *text =
	    "model_list:\n"
	    "  - {model_name: '*', litellm_params: {model: openai/*, api_key: k, rpm: 3,\n"
	    "     additional_drop_params: [user], extra_headers: {X-A: b}, unknown: 1,\n"
	    "     organization: [org-1, os.environ/TEST_A, org-3]}}\n"
	    "  - {model_name: last, litellm_params: {model: openai/m}}\n";
	const char *turned = "model_list:\n"
			     "  - {model_name: '*', litellm_params: {model: openai/*,\n"
			     "     organization: [org-3, org-1]}}\n";
	struct result result, other;

	(void)state;
	setenv("TEST_A", "org-2", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_int_equal(result.config->deployment_count, 4);
	for (size_t i = 0; i < 3; i++) {
		const struct deployment *deployment = deployment_of(&result, i);
		const char name[] = {'o', 'r', 'g', '-', (char)('1' + i), '\0'};

		assert_string_equal(deployment->organization, name);
		assert_string_equal(deployment->model_name, "*");
		assert_string_equal(deployment->api_base, "https://api.openai.com/v1");
		assert_string_equal(deployment->api_key, "k");
		assert_string_equal(deployment->dropped[0], "user");
		assert_string_equal(deployment->extra_headers[0], "X-A: b");
		assert_int_equal(deployment->rpm, 3);
	}
	assert_int_equal(count_of(result.log, "unknown: not implemented, "), 1);
	other = load_right(CONFIG_SUPERVISOR, turned);
	assert_string_equal(deployment_of(&other, 0)->id, deployment_of(&result, 2)->id);
	assert_string_equal(deployment_of(&other, 1)->id, deployment_of(&result, 0)->id);
	done(&other);
	done(&result);
	unsetenv("TEST_A");
	result = load_right(CONFIG_RESPONDER, text);
	assert_null(deployment_of(&result, 0)->missing);
	assert_string_equal(deployment_of(&result, 1)->missing, "TEST_A");
	assert_null(deployment_of(&result, 2)->missing);
	done(&result);
}

static void azure_s_base_may_be_the_whole_url_of_the_api(void **state)
{
	static const struct {
		const char *params, *base, *version;
	} cases[] = {
	    {"api_base: 'https://a/openai/responses?api-version=2025-04-01-preview'",
		"https://a/openai", "2025-04-01-preview"},
	    {"api_base: 'https://a/openai/responses?api-version=1', api_version: '2'",
		"https://a/openai", "1"},
	    {"api_base: 'https://a/openai/responses/', api_version: '2'", "https://a/openai", "2"},
	    {"api_base: 'https://a/openai/v1/responses?api-version=preview'", "https://a/openai/v1",
		"preview"},
	    {"api_base: 'https://a/openai/v1/responses'", "https://a/openai/v1", "env"},
	    {"api_base: 'https://a/?api-version=1'", "https://a", "1"},
	    {"api_base: 'https://a/responses'", "https://a/responses", "env"},
	    {"api_base: os.environ/TEST_A", "https://b/openai", "3"},
	    {"rpm: 1", "https://c/openai", "4"},
	};

	(void)state;
	setenv("TEST_A", "https://b/openai/responses?api-version=3", 1);
	setenv("AZURE_API_BASE", "https://c/openai/responses?api-version=4", 1);
	setenv("AZURE_API_VERSION", "env", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result result;
		char text[256];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: azure/m, %s}}]\n",
		    cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_string_equal(deployment_of(&result, 0)->api_base, cases[i].base);
		assert_string_equal(deployment_of(&result, 0)->api_version, cases[i].version);
		done(&result);
	}
}

static void azure_s_base_with_another_query_is_an_error(void **state)
{
	static const char *const urls[] = {"https://a?x=1", "https://a?api-version=1&x=2",
	    "https://a?api-version=", "https://a?api-version=1#x", "?api-version=1"};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		char text[256];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: azure/m, "
		    "api_base: '%s'}}]\n",
		    urls[i]);
		assert_error(text,
		    "1: model_list[0].litellm_params.api_base: not a URL of that kind, expected a "
		    "URL that begins with http:// or https://, without query and fragment");
	}
}

static void what_cannot_be_a_header_is_not_sent_and_that_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list: [{model_name: m, litellm_params: {model: openai/m, extra_headers:\n"
	    "  {AI-Resource Group: hidden, 'a:': hidden, '': hidden, \"a\\nb\": hidden, X-A: "
	    "1}}}]");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->extra_header_count, 1);
	assert_string_equal(deployment_of(&result, 0)->extra_headers[0], "X-A: 1");
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params.extra_headers."
				 "AI-Resource Group: not a name of a header: not sent\n");
	assert_int_equal(count_of(result.log, "\n"), 4);
	assert_lacks(result.log, "hidden");
	done(&result);
}

static void each_header_that_frames_a_request_is_left_to_us(void **state)
{
	static const char *const names[] = {"Accept-Encoding", "Connection", "Content-Encoding",
	    "Content-Length", "Content-Type", "Expect", "Host", "Keep-Alive", "Proxy-Connection",
	    "TE", "Trailer", "Transfer-Encoding", "Upgrade"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char text[256];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, "
		    "extra_headers: {%s: x}}}]\n",
		    names[i]);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_int_equal(deployment_of(&result, 0)->extra_header_count, 0);
		assert_holds(result.log, "a header that respool sets itself: not sent\n");
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

/* The ids of the deployments of a file. */
static void read_ids(enum config_role role, const char *text, char ids[][17], size_t count)
{
	struct result result = load_right(role, text);

	assert_int_equal(result.config->deployment_count, count);
	for (size_t i = 0; i < count; i++) {
		const char *id = deployment_of(&result, i)->id;

		assert_int_equal(strlen(id), 16);
		assert_int_equal(strspn(id, "0123456789abcdef"), 16);
		snprintf(ids[i], 17, "%s", id);
	}
	done(&result);
}

static void an_id_is_the_same_in_every_process_whatever_the_key(void **state)
{
	static const char before[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_key: sk-1}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/m, api_base: os.environ/TEST_A}}\n";
	static const char after[] =
	    "model_list:\n"
	    "  - {model_name: new, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_key: sk-2, weight: 3}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/m, api_base: os.environ/TEST_A}}\n";
	char responders[2][17], supervisors[2][17], reloaded[3][17];

	(void)state;
	read_ids(CONFIG_RESPONDER, before, responders, 2);
	setenv("TEST_A", "http://a", 1);
	read_ids(CONFIG_SUPERVISOR, before, supervisors, 2);
	read_ids(CONFIG_SUPERVISOR, after, reloaded, 3);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(responders[i], supervisors[i]);
		assert_string_equal(supervisors[i], reloaded[i + 1]);
	}
}

static void every_deployment_has_an_id_of_its_own(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: am, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: a, litellm_params: {model: groq/m}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_base: 'http://a'}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_version: v1}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, organization: v1}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m}}\n";
	char ids[8][17];

	(void)state;
	read_ids(CONFIG_SUPERVISOR, text, ids, 8);
	for (size_t i = 0; i < 8; i++) {
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[i], ids[k]);
	}
}

#define MODELS_A_B_C                                                                               \
	"model_list:\n"                                                                            \
	"  - {model_name: a, litellm_params: {model: openai/a}}\n"                                 \
	"  - {model_name: b, litellm_params: {model: openai/b}}\n"                                 \
	"  - {model_name: 'c-*', litellm_params: {model: openai/c}}\n"

static void assert_fallback(
    const struct result *result, size_t i, const char *model, size_t count, const char *first)
{
	assert_true(i < result->config->fallback_count);
	assert_string_equal(result->config->fallbacks[i].model, model);
	assert_int_equal(result->config->fallbacks[i].count, count);
	assert_string_equal(result->config->fallbacks[i].models[0], first);
}

static void fallbacks_have_litellms_form(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, MODELS_A_B_C "litellm_settings:\n"
						      "  default_fallbacks: [c-1]\n"
						      "  fallbacks: [{a: [b, c-2]}, {b: [a]}]\n");

	(void)state;
	assert_int_equal(result.config->fallback_count, 3);
	assert_fallback(&result, 0, "a", 2, "b");
	assert_string_equal(result.config->fallbacks[0].models[1], "c-2");
	assert_fallback(&result, 1, "b", 1, "a");
	assert_fallback(&result, 2, "*", 1, "c-1");
	assert_lacks(result.log, "fallback");
	done(&result);
}

static void router_settings_win_over_litellm_settings(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, MODELS_A_B_C "router_settings:\n"
						      "  num_retries: 5\n"
						      "  allowed_fails: 6\n"
						      "  cooldown_time: 0\n"
						      "  fallbacks: [{'*': [b]}]\n"
						      "  default_fallbacks: [a]\n"
						      "litellm_settings:\n"
						      "  num_retries: 1\n"
						      "  allowed_fails: 2\n"
						      "  cooldown_time: 30\n"
						      "  fallbacks: [{a: [c-1]}]\n");

	(void)state;
	assert_int_equal(result.config->num_retries, 5);
	assert_int_equal(result.config->allowed_fails, 6);
	assert_float_equal(result.config->cooldown_time, 0, 0.0001);
	assert_int_equal(result.config->fallback_count, 3);
	assert_fallback(&result, 0, "*", 1, "b");
	assert_fallback(&result, 1, "a", 1, "c-1");
	assert_fallback(&result, 2, "*", 1, "a");
	assert_lacks(result.log, "ignored");
	done(&result);
}

static void fallbacks_are_of_three_kinds_in_either_section(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    MODELS_A_B_C "router_settings:\n"
			 "  context_window_fallbacks: [{a: [b]}]\n"
			 "  fallbacks: [{a: [c]}]\n"
			 "litellm_settings:\n"
			 "  content_policy_fallbacks: [{'*': [a, gone]}]\n"
			 "  context_window_fallbacks: [{a: [c]}, {b: [c]}]\n");
	const struct config *config = result.config;

	(void)state;
	assert_string_equal(model_fallback(config, FALLBACK_ON_ERROR, "a")->models[0], "c");
	assert_null(model_fallback(config, FALLBACK_ON_ERROR, "b"));
	assert_string_equal(
	    model_fallback(config, FALLBACK_ON_CONTEXT_WINDOW, "a")->models[0], "b");
	assert_string_equal(
	    model_fallback(config, FALLBACK_ON_CONTEXT_WINDOW, "b")->models[0], "c");
	assert_null(model_fallback(config, FALLBACK_ON_CONTEXT_WINDOW, "c"));
	assert_string_equal(
	    model_fallback(config, FALLBACK_ON_CONTENT_POLICY, "c")->models[0], "a");
	assert_holds(result.log, "litellm_settings.content_policy_fallbacks: model_list has no "
				 "deployment of \"gone\"");
	assert_lacks(result.log, "ignored");
	done(&result);
}

static void the_router_bounds_calls_and_spaces_them(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a, max_parallel_requests: 3}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/b, order: -1, tpm: 7}}\n"
	    "router_settings: {default_max_parallel_requests: 9, retry_after: 2.5}\n");

	(void)state;
	assert_int_equal(result.config->deployments[0].max_parallel_requests, 3);
	assert_int_equal(result.config->deployments[1].max_parallel_requests, 9);
	assert_int_equal(result.config->deployments[1].order, -1);
	assert_int_equal(result.config->deployments[1].tpm, 7);
	assert_true(result.config->deployments[0].order > 1000000);
	assert_float_equal(result.config->retry_after, 2.5, 0.001);
	done(&result);
}

static void each_setting_of_the_router_stands_by_itself(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, "router_settings: {num_retries: 4}\n"
					 "litellm_settings: {allowed_fails: 9}\n");

	(void)state;
	assert_int_equal(result.config->num_retries, 4);
	assert_int_equal(result.config->allowed_fails, 9);
	assert_float_equal(result.config->cooldown_time, 5, 0.0001);
	done(&result);
}

static void fallbacks_for_a_model_that_nobody_serves_are_a_warning(void **state)
{
	struct result result = load_right(
	    CONFIG_RESPONDER, MODELS_A_B_C "router_settings: {fallbacks: [{typo: [a]}]}\n");

	(void)state;
	assert_holds(result.log, "config.yaml:5: router_settings.fallbacks: model_list has no "
				 "deployment of \"typo\": it needs no fallback\n");
	done(&result);
}

static void a_model_with_an_error_is_not_taken_for_one_that_is_missing(void **state)
{
	struct result result = load_as(CONFIG_RESPONDER,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: openai/a, stream_timeout: 0}\n"
	    "router_settings: {fallbacks: [{a: [a]}], model_group_alias: {x: a}}\n"
	    "respool: {default_model: a, default_deployment: a}\n");

	(void)state;
	assert_null(result.config);
	assert_int_equal(count_of(result.errors, "\n"), 1);
	assert_holds(result.errors, "config.yaml:3: model_list[0].litellm_params.stream_timeout: ");
	assert_lacks(result.log, "has no deployment");
	done(&result);
}

static void fallbacks_to_a_model_that_nobody_serves_are_a_warning(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    MODELS_A_B_C "router_settings: {fallbacks: [{a: [gone, b]}, {'*': [gone]}]}\n"
			 "litellm_settings: {default_fallbacks: [gone]}\n");

	(void)state;
	assert_holds(result.log,
	    "config.yaml:5: router_settings.fallbacks: model_list has no deployment of \"gone\": "
	    "it is no fallback for \"a\"\n");
	assert_int_equal(count_of(result.log, "it is no fallback for \"*\"\n"), 2);
	assert_string_equal(result.config->fallbacks[0].models[1], "b");
	done(&result);
}

static void a_fallback_may_be_a_mapping_with_the_model_s_name(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, MODELS_A_B_C
	    "router_settings:\n"
	    "  fallbacks: [{a: [{model: b, messages: []}, c, {model: c, messages: 1}]}]\n");

	(void)state;
	assert_int_equal(result.config->fallbacks[0].count, 3);
	assert_string_equal(result.config->fallbacks[0].models[0], "b");
	assert_string_equal(result.config->fallbacks[0].models[2], "c");
	assert_int_equal(count_of(result.log, "router_settings.fallbacks[].a[].messages: "
					      "not implemented, ignored\n"),
	    1);
	done(&result);
}

static void wrong_settings_of_the_router_are_errors(void **state)
{
	static const struct {
		const char *settings;
		const char *message;
	} cases[] = {
	    {"litellm_settings: {fallbacks: [{a: [{}]}]}",
		"litellm_settings.fallbacks[0].a[0].model: missing, expected a model's name"},
	    {"litellm_settings: {fallbacks: [{a: [[b]]}]}",
		"litellm_settings.fallbacks[0].a[0]: a list, expected a model's name"},
	    {"litellm_settings: {fallbacks: {a: [b]}}",
		"litellm_settings.fallbacks: a mapping, expected a list of mappings of a model's "
		"name to a list of them"},
	    {"router_settings: {fallbacks: [a]}",
		"router_settings.fallbacks[0]: text, expected a mapping of a model's name to a "
		"list of them"},
	    {"router_settings: {fallbacks: [{a: b}]}",
		"router_settings.fallbacks[0].a: text, expected a list of models' names"},
	    {"router_settings: {fallbacks: [{a: [[b]]}]}",
		"router_settings.fallbacks[0].a[0]: a list, expected a model's name"},
	    {"router_settings: {default_fallbacks: b}",
		"router_settings.default_fallbacks: text, expected a list of models' names"},
	    {"router_settings: []", "router_settings: a list, expected a mapping of settings"},
	    {"router_settings: {num_retries: -1}",
		"router_settings.num_retries: \"-1\", expected an integer from 0 to 100"},
	    {"router_settings: {allowed_fails: x}",
		"router_settings.allowed_fails: \"x\", expected an integer from 0 to 1000000"},
	    {"router_settings: {cooldown_time: -1}",
		"router_settings.cooldown_time: \"-1\", expected a number of seconds from 0 up "
		"to 604800"},
	    {"respool: {max_passthrough: -1}",
		"respool.max_passthrough: \"-1\", expected an integer from 0 to 1000000"},
	    {"respool: {client_timeout: 0}",
		"respool.client_timeout: \"0\", expected an integer from 1 to 86400"},
	    {"respool: {native_ttl: 0}",
		"respool.native_ttl: \"0\", expected an integer from 1 to 315360000"},
	    {"respool: {default_deployment: gone}",
		"respool.default_deployment: \"gone\", expected a model that model_list has"},
	    {"respool: {default_deployment: 'c-'}",
		"respool.default_deployment: \"c-\", expected a model that model_list has"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512], message[256];

		snprintf(text, sizeof(text), "%s%s\n", MODELS_A_B_C, cases[i].settings);
		snprintf(message, sizeof(message), "5: %s", cases[i].message);
		assert_error(text, message);
	}
}

/* No secret gets out, whatever else is wrong */

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
	    TEST(the_provider_is_taken_off_the_model),
	    TEST(a_model_that_begins_with_a_star_leaves_the_provider_open),
	    TEST(the_provider_supplies_base_and_key_that_are_not_given),
	    TEST(a_deployment_without_a_known_base_is_a_warning),
	    TEST(a_model_of_nobody_s_name_is_an_error_without_an_api_base),
	    TEST(a_key_goes_to_no_provider_but_the_model_s_own),
	    TEST(no_provider_s_key_goes_to_an_api_base_that_alone_says_whose_it_is),
	    TEST(no_provider_s_key_goes_to_another_api_base_for_the_model_s_name),
	    TEST(a_key_that_clients_can_send_to_any_provider_is_a_warning),
	    TEST(a_file_without_models_is_a_warning),
	    TEST(wrong_deployments_are_errors),
	    TEST(a_wrong_api_base_is_an_error_that_does_not_show_it),
	    TEST(wrong_values_are_errors_with_place_and_expectation),
	    TEST(all_errors_of_a_file_are_reported),
	    TEST(a_syntax_error_names_its_line),
	    TEST(a_second_document_is_an_error),
	    TEST(an_unreadable_file_is_an_error_with_the_reason),
	    TEST(a_file_without_an_end_is_an_error),
	    TEST(anchors_aliases_and_merge_keys_resolve),
	    TEST(a_members_own_key_wins_over_a_merged_one),
	    TEST(a_merge_that_holds_itself_is_an_error),
	    TEST(a_list_that_holds_itself_is_an_error),
	    TEST(any_number_of_deployments_may_have_what_is_merged),
	    TEST(merges_without_end_are_one_error),
	    TEST(the_digits_of_a_number_may_be_set_apart),
	    TEST(an_unknown_key_is_named_once_and_ignored),
	    TEST(another_routing_strategy_is_a_warning),
	    TEST(the_sections_of_a_litellm_file_load_unchanged),
	    TEST(any_string_number_or_boolean_may_come_from_the_environment),
	    TEST(a_wrong_value_from_the_environment_is_not_shown),
	    TEST(a_variable_needs_a_name),
	    TEST(the_responder_needs_clients_keys_and_no_providers_keys),
	    TEST(the_supervisor_needs_providers_keys_and_no_clients_keys),
	    TEST(the_responder_does_without_the_api_bases_variable),
	    TEST(both_roles_need_the_settings_of_redis),
	    TEST(an_unused_caches_variables_may_be_unset),
	    TEST(wrong_tenants_are_errors),
	    TEST(a_key_that_would_break_a_header_is_an_error_that_does_not_show_it),
	    TEST(a_providers_variable_is_taken_by_the_responder_only_if_it_is_usable),
	    TEST(a_responder_without_any_key_warns_of_401),
	    TEST(polling_without_redis_is_a_warning),
	    TEST(the_environment_supplies_bases_and_versions_that_are_not_given),
	    TEST(a_wrong_base_or_version_in_the_environment_is_an_error_where_it_is_needed),
	    TEST(providers_with_an_api_of_their_own_are_a_warning),
	    TEST(an_api_is_one_of_three),
	    TEST(a_quirk_is_true_or_false),
	    TEST(a_number_of_tokens_is_one_above_0),
	    TEST(bedrock_is_called_in_its_region),
	    TEST(ways_to_bedrock_are_no_part_of_a_models_name),
	    TEST(a_region_is_no_part_of_another_host),
	    TEST(dropping_holds_for_what_cannot_be_translated_too),
	    TEST(what_azure_shows_as_an_address_may_be_one_of_chat_completions),
	    TEST(what_a_provider_does_not_take_is_dropped_if_that_is_wanted),
	    TEST(drop_params_for_all_holds_for_those_that_do_not_say_themselves),
	    TEST(a_nested_member_is_not_dropped_and_that_is_a_warning),
	    TEST(wrong_parameters_of_deployments_are_errors),
	    TEST(a_model_without_a_name_behind_its_provider_is_a_warning),
	    TEST(a_weight_may_have_a_fraction),
	    TEST(each_organization_of_a_list_is_a_deployment),
	    TEST(azure_s_base_may_be_the_whole_url_of_the_api),
	    TEST(azure_s_base_with_another_query_is_an_error),
	    TEST(what_cannot_be_a_header_is_not_sent_and_that_is_a_warning),
	    TEST(each_header_that_frames_a_request_is_left_to_us),
	    TEST(a_variable_that_the_responder_lacks_is_one_warning),
	    TEST(nothing_is_missed_where_nothing_is_passed_through),
	    TEST(the_responder_has_what_is_set),
	    TEST(the_supervisor_needs_organizations_and_headers),
	    TEST(an_operator_needs_redis_key_alone),
	    TEST(an_id_is_the_same_in_every_process_whatever_the_key),
	    TEST(every_deployment_has_an_id_of_its_own),
	    TEST(fallbacks_have_litellms_form),
	    TEST(router_settings_win_over_litellm_settings),
	    TEST(fallbacks_are_of_three_kinds_in_either_section),
	    TEST(the_router_bounds_calls_and_spaces_them),
	    TEST(each_setting_of_the_router_stands_by_itself),
	    TEST(fallbacks_for_a_model_that_nobody_serves_are_a_warning),
	    TEST(a_model_with_an_error_is_not_taken_for_one_that_is_missing),
	    TEST(fallbacks_to_a_model_that_nobody_serves_are_a_warning),
	    TEST(a_fallback_may_be_a_mapping_with_the_model_s_name),
	    TEST(wrong_settings_of_the_router_are_errors),
	    TEST(secrets_are_in_no_message),
	    TEST(nothing_to_free_is_fine),
	    TEST(the_path_is_the_options_the_variables_or_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
