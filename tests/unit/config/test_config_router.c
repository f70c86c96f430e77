#include <stdio.h>

#include "common/config/model.h"
#include "loaded.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
