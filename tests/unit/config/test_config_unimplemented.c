#include <stdio.h>
#include <string.h>

#include "common/config/config_unimplemented.h"
#include "loaded.h"

static void what_follows_from_a_key_is_said_once_for_a_list(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: openai/a, api_key: k, tags: [x]}\n"
	    "  - model_name: b\n"
	    "    litellm_params: {model: openai/b, api_key: k, tags: [y]}\n"
	    "general_settings: {enable_jwt_auth: true}\n"
	    "guardrails: [{guardrail_name: x}]\n");

	(void)state;
	assert_holds(result.log, "config.yaml:3: model_list[].litellm_params.tags: not "
				 "implemented: tags do not choose the deployment\n");
	assert_holds(result.log,
	    "config.yaml:6: general_settings.enable_jwt_auth: not implemented: only "
	    "general_settings.master_key and respool.api_keys are let in\n");
	assert_holds(result.log, "config.yaml:7: guardrails: not implemented: what is asked and "
				 "answered is not checked\n");
	assert_int_equal(count_of(result.log, "\n"), 3);
	done(&result);
}

static void what_changes_nothing_here_is_not_named(void **state)
{
	(void)state;
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: openai/a, api_key: k, input_cost_per_token: 1, tags: []}\n"
	    "    model_info: {input_cost_per_token: 1, supports_vision: true, base_model: a}\n"
	    "litellm_settings: {set_verbose: true, json_logs: true, callbacks: [], cache: false}\n"
	    "general_settings: {database_connection_timeout: 60, store_model_in_db: false, "
	    "ui_access_mode: all,\n"
	    "  enable_jwt_auth: false, alerting: null}\n"
	    "router_settings: {enable_pre_call_checks: false, redis_host: '', debug_level: "
	    "INFO}\n");

	assert_string_equal(result.log, "");
	done(&result);
	result = load_right(CONFIG_SUPERVISOR,
	    "x-shared: &shared {api_key: k, base_model: azure/a}\n"
	    "model_list: [{model_name: a, litellm_params: {<<: *shared, model: openai/a, "
	    "ssl_verify: true}}]\n"
	    "litellm_settings: {ssl_verify: true}\n"
	    "general_settings: {salt_key: sk-1}\n");
	assert_string_equal(result.log, "");
	done(&result);
}

static void an_unknown_key_is_ignored_with_a_general_sentence(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, "general_settings: {strange: false}\n");

	(void)state;
	assert_holds(
	    result.log, "config.yaml:1: general_settings.strange: not implemented, ignored\n");
	done(&result);
}

static void a_parameter_that_nobody_knows_has_a_place_from_where_it_is_sent(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: k, "
	    "min_p: 0.1}}]\n");

	(void)state;
	assert_holds(result.log,
	    "config.yaml:1: model_list[].litellm_params.min_p: not implemented, not sent to the "
	    "provider, expected in extra_body if it is to be\n");
	done(&result);
}

static void what_is_on_by_default_is_named_where_it_is_off(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: openai/a, api_key: k, ssl_verify: False,\n"
	    "      supports_system_message: false}\n"
	    "litellm_settings: {ssl_verify: false}\n");

	(void)state;
	assert_holds(result.log, "config.yaml:3: model_list[].litellm_params.ssl_verify: not "
				 "implemented: its certificate is always checked\n");
	assert_holds(result.log, "config.yaml:4: model_list[].litellm_params."
				 "supports_system_message: not implemented: ");
	assert_holds(result.log, "config.yaml:5: litellm_settings.ssl_verify: not implemented: "
				 "certificates of providers are always checked\n");
	done(&result);
}

static void another_cache_is_one_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR, "litellm_settings:\n"
							     "  cache: true\n"
							     "  cache_params:\n"
							     "    type: qdrant-semantic\n"
							     "    qdrant_collection_name: x\n"
							     "    similarity_threshold: 0.8\n");

	(void)state;
	assert_holds(result.log,
	    "config.yaml:4: litellm_settings.cache_params.type: \"qdrant-semantic\" is not "
	    "implemented: every request is sent to its provider, no answer is kept for later "
	    "ones\n");
	assert_int_equal(count_of(result.log, "cache_params"), 1);
	done(&result);
}

static void what_is_documented_for_polling_loads_without_a_warning(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: k}}]\n"
	    "general_settings: {master_key: sk-1234}\n"
	    "litellm_settings:\n"
	    "  cache: true\n"
	    "  cache_params: {type: redis, ttl: 3600, host: 127.0.0.1, port: '6379'}\n"
	    "  responses:\n"
	    "    background_mode:\n"
	    "      polling_via_cache: [openai]\n"
	    "      ttl: 3600\n"
	    "      native_background_mode: [o4-mini-deep-research]\n");

	(void)state;
	assert_string_equal(result.log, "");
	done(&result);
}

static void the_most_exact_pattern_of_a_key_counts(void **state)
{
	(void)state;
	assert_string_equal(config_unimplemented("model_list[].model_info.max_tokens"), "");
	assert_string_not_equal(config_unimplemented("model_list[].model_info.access_groups"), "");
	assert_string_equal(config_unimplemented("litellm_settings.ssl_verify"),
	    "certificates of providers are always checked");
	assert_null(config_unimplemented("litellm_settings.ssl"));
	assert_null(config_unimplemented("guardrails.x"));
	assert_null(config_unimplemented(""));
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_follows_from_a_key_is_said_once_for_a_list),
	    TEST(what_changes_nothing_here_is_not_named),
	    TEST(an_unknown_key_is_ignored_with_a_general_sentence),
	    TEST(a_parameter_that_nobody_knows_has_a_place_from_where_it_is_sent),
	    TEST(what_is_on_by_default_is_named_where_it_is_off),
	    TEST(another_cache_is_one_warning),
	    TEST(what_is_documented_for_polling_loads_without_a_warning),
	    TEST(the_most_exact_pattern_of_a_key_counts),
	    TEST(an_unknown_key_is_named_once_and_ignored),
	    TEST(another_routing_strategy_is_a_warning),
	    TEST(the_sections_of_a_litellm_file_load_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
