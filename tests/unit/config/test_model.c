#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config/model.h"
#include "tests/unit/literal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A deployment in the short form that the tests use. */
struct row {
	const char *model_name;
	const char *provider;
	const char *model;
};

enum { MAX_ROWS = 8 };

/* A configuration put together on the stack; nothing in it is owned. */
struct setup {
	struct config config;
	struct deployment deployments[MAX_ROWS];
	char *providers[MAX_ROWS];
	char *native_models[MAX_ROWS];
};

static void poll_for_all(struct setup *setup)
{
	memset(setup, 0, sizeof(*setup));
	setup->config.redis.enabled = true;
	setup->config.polling.mode = POLLING_ALL;
	setup->config.deployments = setup->deployments;
	setup->config.polling.providers = setup->providers;
	setup->config.polling.native_models = setup->native_models;
}

static void add_provider(struct setup *setup, const char *provider)
{
	setup->config.polling.mode = POLLING_PROVIDERS;
	setup->providers[setup->config.polling.provider_count++] = text(provider);
}

static void poll_for(struct setup *setup, const char *provider)
{
	poll_for_all(setup);
	add_provider(setup, provider);
}

static void add_native(struct setup *setup, const char *model)
{
	setup->native_models[setup->config.polling.native_count++] = text(model);
}

static void add_deployment(
    struct setup *setup, const char *model_name, const char *provider, const char *model)
{
	assert_true(setup->config.deployment_count < MAX_ROWS);
	setup->deployments[setup->config.deployment_count++] = (struct deployment){
	    .model_name = text(model_name), .provider = text(provider), .model = text(model)};
}

static bool polls(const struct setup *setup, const char *model)
{
	return model_should_poll(&setup->config, model, true);
}

/* The deployments of a model: up to max of them, and how many there are in all. */
static size_t model_deployments(
    const struct config *config, const char *model, const struct deployment **out, size_t max)
{
	const struct deployment *deployment = NULL;
	size_t count = 0;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (count < max)
			out[count] = deployment;
		count++;
	}
	return count;
}

static size_t count_deployments(const struct setup *setup, const char *model)
{
	return model_deployments(&setup->config, model, NULL, 0);
}

/* The upstream names of a model's deployments in order, joined by blanks. */
static const char *upstream_names(const struct setup *setup, const char *model)
{
	static char names[256];
	const struct deployment *found[MAX_ROWS];
	size_t count = model_deployments(&setup->config, model, found, MAX_ROWS);

	names[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char *name = model_upstream_name(found[i], model);

		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
		    i != 0 ? " " : "", name);
		free(name);
	}
	return names;
}

/* The provider that a model's name shows */

static void provider_from_model_string_with_slash(void **state)
{
	struct setup setup;

	(void)state;
	assert_true(span_is(model_provider("openai/gpt-4o"), "openai"));
	poll_for(&setup, "openai");
	assert_true(polls(&setup, "openai/gpt-4o"));
}

static void provider_from_model_string_without_slash(void **state)
{
	struct setup setup;

	(void)state;
	assert_int_equal(model_provider("gpt-5").len, 0);
	poll_for(&setup, "openai");
	assert_false(polls(&setup, "gpt-5"));
}

static void empty_model_string(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "*", "openai", "*");
	assert_int_equal(model_provider("").len, 0);
	assert_int_equal(count_deployments(&setup, ""), 0);
	assert_false(polls(&setup, ""));
}

static void model_with_multiple_slashes(void **state)
{
	static const char arn[] = "bedrock/arn:aws:bedrock:eu-west-1:42:model/big/one";
	struct setup setup;

	(void)state;
	assert_true(span_is(model_provider(arn), "bedrock"));
	poll_for(&setup, "bedrock");
	assert_true(polls(&setup, arn));
}

static void a_slash_in_front_names_no_provider(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "");
	assert_int_equal(model_provider("/gpt-5").len, 0);
	assert_false(polls(&setup, "/gpt-5"));
}

/* The provider that the deployments tell */

static void provider_resolution_from_router_single_deployment(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "gpt-5", "openai", "gpt-5");
	assert_int_equal(count_deployments(&setup, "gpt-5"), 1);
	assert_true(polls(&setup, "gpt-5"));
}

static void provider_resolution_from_router_multiple_deployments_match(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "gpt-4o", "openai", "gpt-4o");
	add_deployment(&setup, "gpt-4o", "azure", "gpt-4o-deployment");
	assert_int_equal(count_deployments(&setup, "gpt-4o"), 2);
	assert_true(polls(&setup, "gpt-4o"));
}

static void any_deployment_of_a_polled_provider_is_enough(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "gpt-4o", "azure", "gpt-4o-deployment");
	add_deployment(&setup, "gpt-4o", "openai", "gpt-4o");
	assert_true(polls(&setup, "gpt-4o"));
}

static void provider_resolution_from_router_no_match(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_provider(&setup, "bedrock");
	add_deployment(&setup, "claude-3", "anthropic", "claude-3-sonnet");
	assert_int_equal(count_deployments(&setup, "claude-3"), 1);
	assert_false(polls(&setup, "claude-3"));
}

/* Loads one deployment by way of a file, as custom_llm_provider is resolved there. */
static struct config *load_custom_provider(void)
{
	char path[] = "/tmp/respool-model-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct config *config;

	assert_non_null(file);
	fputs("model_list:\n"
	      "  - model_name: my-model\n"
	      "    litellm_params: {model: some-custom-model, custom_llm_provider: openai}\n"
	      "litellm_settings:\n"
	      "  cache: true\n"
	      "  cache_params: {host: 127.0.0.1}\n"
	      "  responses: {background_mode: {polling_via_cache: [openai]}}\n",
	    file);
	fclose(file);
	config = config_load(path, CONFIG_SUPERVISOR, stderr);
	unlink(path);
	return config;
}

static void provider_resolution_with_custom_llm_provider(void **state)
{
	struct config *config = load_custom_provider();
	const struct deployment *found[2];

	(void)state;
	assert_non_null(config);
	assert_int_equal(model_deployments(config, "my-model", found, 2), 1);
	assert_string_equal(found[0]->provider, "openai");
	assert_string_equal(found[0]->model, "some-custom-model");
	assert_true(model_should_poll(config, "my-model", true));
	config_free(config);
}

static void provider_resolution_model_not_in_router(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "gpt-5", "openai", "gpt-5");
	assert_int_equal(count_deployments(&setup, "unknown-model"), 0);
	assert_false(polls(&setup, "unknown-model"));
}

/* The conditions of polling */

static void polling_enabled_when_all_conditions_met(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	assert_true(polls(&setup, "gpt-4o"));
}

static void polling_disabled_when_background_false(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	assert_false(model_should_poll(&setup.config, "gpt-4o", false));
}

static void polling_disabled_when_config_false(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	setup.config.polling.mode = POLLING_OFF;
	assert_false(polls(&setup, "gpt-4o"));
}

static void polling_disabled_when_redis_not_configured(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	setup.config.redis.enabled = false;
	assert_false(polls(&setup, "gpt-4o"));
}

static void polling_enabled_with_provider_list_match(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_provider(&setup, "anthropic");
	assert_true(polls(&setup, "openai/gpt-4o"));
	assert_true(polls(&setup, "anthropic/claude-3"));
}

static void polling_disabled_with_provider_list_no_match(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	assert_false(polls(&setup, "anthropic/claude-3"));
}

static void a_providers_name_must_match_wholly(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	assert_false(polls(&setup, "open/gpt-4o"));
	assert_false(polls(&setup, "openai2/gpt-4o"));
	assert_false(polls(&setup, "OpenAI/gpt-4o"));
}

static void polling_with_router_lookup(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "gpt-5", "openai", "gpt-5");
	assert_true(polls(&setup, "gpt-5"));
}

static void polling_with_router_lookup_no_match(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "claude-3", "anthropic", "claude-3-sonnet");
	assert_false(polls(&setup, "claude-3"));
}

static void polling_disabled_when_model_in_native_background_mode(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_native(&setup, "o4-mini-deep-research");
	add_native(&setup, "o3-deep-research");
	assert_false(polls(&setup, "o4-mini-deep-research"));
	assert_false(polls(&setup, "o3-deep-research"));
}

static void polling_disabled_for_native_background_mode_with_provider_list(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_native(&setup, "openai/o4-mini-deep-research");
	assert_false(polls(&setup, "openai/o4-mini-deep-research"));
}

static void polling_enabled_when_model_not_in_native_background_mode(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_native(&setup, "o4-mini-deep-research");
	assert_true(polls(&setup, "gpt-4o"));
}

static void polling_enabled_when_native_background_mode_is_none(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	setup.config.polling.native_models = NULL;
	assert_true(polls(&setup, "gpt-4o"));
}

static void polling_enabled_when_native_background_mode_is_empty_list(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	assert_int_equal(setup.config.polling.native_count, 0);
	assert_true(polls(&setup, "gpt-4o"));
}

static void native_background_mode_exact_match_required(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_native(&setup, "o4-mini-deep-research");
	assert_true(polls(&setup, "o4-mini"));
	assert_true(polls(&setup, "o4-mini-deep-research-2"));
}

static void native_background_mode_with_provider_prefix_in_request(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_native(&setup, "o4-mini-deep-research");
	assert_true(polls(&setup, "openai/o4-mini-deep-research"));
}

static void native_background_mode_with_router_lookup(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "deep-research", "openai", "o4-mini-deep-research");
	assert_true(polls(&setup, "deep-research"));
	add_native(&setup, "deep-research");
	assert_false(polls(&setup, "deep-research"));
}

/* Patterns */

static void an_exact_name_wins_over_patterns(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_deployment(&setup, "*", "openai", "any");
	add_deployment(&setup, "gpt-*", "openai", "some");
	add_deployment(&setup, "gpt-5", "openai", "exact");
	assert_string_equal(upstream_names(&setup, "gpt-5"), "exact");
}

static void the_longest_pattern_wins(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_deployment(&setup, "*", "openai", "any");
	add_deployment(&setup, "gpt-*", "openai", "some");
	add_deployment(&setup, "gpt-5-*", "openai", "longest");
	assert_string_equal(upstream_names(&setup, "gpt-5-mini"), "longest");
	assert_string_equal(upstream_names(&setup, "gpt-4o"), "some");
	assert_string_equal(upstream_names(&setup, "o3"), "any");
}

static void the_first_of_patterns_as_long_wins(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_deployment(&setup, "gpt*", "openai", "first");
	add_deployment(&setup, "*ini", "openai", "second");
	assert_string_equal(upstream_names(&setup, "gpt-mini"), "first");
}

static void all_deployments_of_the_winning_name_are_returned_in_order(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_deployment(&setup, "gpt-*", "openai", "gpt-*");
	add_deployment(&setup, "*", "openai", "any");
	add_deployment(&setup, "gpt-*", "azure", "az-*");
	assert_string_equal(upstream_names(&setup, "gpt-5"), "gpt-5 az-5");
}

static void no_more_than_max_deployments_are_written(void **state)
{
	const struct deployment *found[2] = {NULL, NULL};
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	for (int i = 0; i < 3; i++)
		add_deployment(&setup, "gpt-5", "openai", "gpt-5");
	assert_int_equal(model_deployments(&setup.config, "gpt-5", found, 1), 3);
	assert_ptr_equal(found[0], &setup.deployments[0]);
	assert_null(found[1]);
}

static void a_star_stands_for_at_least_one_character(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_deployment(&setup, "openai/*", "openai", "*");
	assert_int_equal(count_deployments(&setup, "openai/"), 0);
	assert_int_equal(count_deployments(&setup, "openai/x"), 1);
}

static void text_before_and_behind_a_star_must_not_overlap(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_deployment(&setup, "ab*ba", "openai", "m");
	assert_int_equal(count_deployments(&setup, "aba"), 0);
	assert_int_equal(count_deployments(&setup, "abba"), 0);
	assert_int_equal(count_deployments(&setup, "ab-ba"), 1);
	assert_int_equal(count_deployments(&setup, "ab-bb"), 0);
	assert_int_equal(count_deployments(&setup, "bb-ba"), 0);
}

static void a_star_takes_slashes_too(void **state)
{
	struct setup setup;

	(void)state;
	poll_for_all(&setup);
	add_deployment(&setup, "router/*", "openrouter", "*");
	assert_string_equal(upstream_names(&setup, "router/maker/model:free"), "maker/model:free");
}

static void polling_looks_at_the_provider_behind_a_pattern(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	add_deployment(&setup, "team-*", "openai", "*");
	assert_true(polls(&setup, "team-gpt-5"));
	assert_false(polls(&setup, "gpt-5"));
}

static void a_deployment_of_any_provider_takes_it_from_the_model_asked_for(void **state)
{
	static const struct {
		const char *asked, *provider, *upstream, *base;
	} cases[] = {
	    {"openai/gpt-4o", "openai", "gpt-4o", "https://api.openai.com/v1"},
	    {"groq/llama/70b", "groq", "llama/70b", "https://api.groq.com/openai/v1"},
	    {"anthropic/claude-3", "anthropic", "claude-3", "https://api.anthropic.com"},
	    {"vertex_ai/gemini-3", "vertex_ai", "gemini-3", NULL},
	    {"openrouter/anthropic/claude-3", "openrouter", "anthropic/claude-3",
		"https://openrouter.ai/api/v1"},
	    {"openai/chat_completions/gpt-5", "openai", "gpt-5", "https://api.openai.com/v1"},
	    {"gpt-4o", "openai", "gpt-4o", "https://api.openai.com/v1"},
	    {"grok-3", "xai", "grok-3", "https://api.x.ai/v1"},
	    {"claude-opus-4-5", "anthropic", "claude-opus-4-5", "https://api.anthropic.com"},
	    {"openai/responses/gpt-5", "openai", "gpt-5", "https://api.openai.com/v1"},
	    {"llama3", "", "llama3", NULL},
	};
	const struct deployment deployment = {.model_name = text("*"),
	    .provider = text("openai"),
	    .model = text("*"),
	    .any_provider = true};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *name = model_upstream_name(&deployment, cases[i].asked);
		const char *base = deployment_base(&deployment, cases[i].asked);

		assert_string_equal(name, cases[i].upstream);
		assert_true(
		    span_is(deployment_provider(&deployment, cases[i].asked), cases[i].provider));
		if (cases[i].base == NULL)
			assert_null(base);
		else
			assert_string_equal(base, cases[i].base);
		free(name);
	}
	setenv("GROQ_API_KEY", "gsk-1", 1);
	assert_string_equal(deployment_key(&deployment, "groq/llama"), "gsk-1");
	unsetenv("GROQ_API_KEY");
	assert_null(deployment_key(&deployment, "groq/llama"));
}

static void a_key_of_any_provider_goes_to_that_of_the_model_asked_for_alone(void **state)
{
	struct deployment any = {.model_name = text("*"),
	    .provider = text("openai"),
	    .model = text("*"),
	    .any_provider = true};

	(void)state;
	setenv("OPENAI_API_KEY", "sk-openai", 1);
	assert_string_equal(deployment_key(&any, "gpt-5"), "sk-openai");
	assert_null(deployment_key(&any, "llama3"));
	assert_null(deployment_key(&any, "claude-opus-4-5"));
	assert_false(deployment_usable(&any, "llama3"));
	any.api_base = text("http://127.0.0.1:1");
	assert_true(deployment_usable(&any, "llama3"));
	assert_true(span_is(deployment_provider(&any, "llama3"), "openai"));
	assert_null(deployment_key(&any, "llama3"));
	assert_string_equal(deployment_key(&any, "openai/llama3"), "sk-openai");
	unsetenv("OPENAI_API_KEY");
}

static void clients_do_not_choose_which_key_goes_to_an_api_base(void **state)
{
	struct deployment any = {.model_name = text("*"),
	    .provider = text("openai"),
	    .model = text("*"),
	    .api_base = text("http://127.0.0.1:1"),
	    .any_provider = true};

	(void)state;
	setenv("XAI_API_KEY", "xai-1", 1);
	assert_null(deployment_key(&any, "xai/grok-4"));
	assert_null(deployment_key(&any, "grok-4"));
	any.api_base = text("https://api.x.ai/v1");
	assert_string_equal(deployment_key(&any, "xai/grok-4"), "xai-1");
	any.api_base = NULL;
	assert_string_equal(deployment_key(&any, "xai/grok-4"), "xai-1");
	unsetenv("XAI_API_KEY");
}

static void a_model_is_nobodys_if_none_of_its_deployments_knows_its_provider(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	assert_false(model_is_nobodys(&setup.config, "llama3"));
	add_deployment(&setup, "*", "openai", "*");
	setup.deployments[0].any_provider = true;
	assert_true(model_is_nobodys(&setup.config, "llama3"));
	assert_false(polls(&setup, "llama3"));
	assert_false(model_is_nobodys(&setup.config, "gpt-5"));
	assert_false(model_is_nobodys(&setup.config, "meta-llama/Llama-3"));
	add_deployment(&setup, "*", "openai", "mine");
	assert_false(model_is_nobodys(&setup.config, "llama3"));
}

static void the_upstream_name_takes_what_the_star_stood_for(void **state)
{
	static const struct {
		struct row row;
		const char *model;
		const char *upstream;
	} cases[] = {
	    {{"gpt-5", "openai", "gpt-5-2025"}, "gpt-5", "gpt-5-2025"},
	    {{"*", "openai", "*"}, "gpt-5", "gpt-5"},
	    {{"openai/*", "openai", "*"}, "openai/gpt-5", "gpt-5"},
	    {{"my-*-v1", "openai", "gpt-*-latest"}, "my-4o-v1", "gpt-4o-latest"},
	    {{"my-*", "openai", "fixed"}, "my-4o", "fixed"},
	    {{"fixed", "openai", "gpt-*"}, "fixed", "gpt-*"},
	    {{"my-*", "openai", "gpt-*"}, "other", "gpt-*"},
	    {{"openai/*", "openai", "*"}, "openai/responses/gpt-5", "gpt-5"},
	    {{"*", "openai", "*"}, "my/responses/x", "my/responses/x"},
	    {{"k", "fireworks_ai", "kimi-k2"}, "k", "accounts/fireworks/models/kimi-k2"},
	    {{"fw/*", "fireworks_ai", "*"}, "fw/accounts/me/models/m", "accounts/me/models/m"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct deployment deployment = {.model_name = text(cases[i].row.model_name),
		    .provider = text(cases[i].row.provider),
		    .model = text(cases[i].row.model)};
		char *name = model_upstream_name(&deployment, cases[i].model);

		assert_string_equal(name, cases[i].upstream);
		free(name);
	}
}

static void a_config_without_deployments_has_none_for_any_model(void **state)
{
	struct setup setup;

	(void)state;
	poll_for(&setup, "openai");
	setup.config.deployments = NULL;
	assert_int_equal(count_deployments(&setup, "gpt-5"), 0);
	assert_false(polls(&setup, "gpt-5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(provider_from_model_string_with_slash),
	    cmocka_unit_test(provider_from_model_string_without_slash),
	    cmocka_unit_test(empty_model_string),
	    cmocka_unit_test(model_with_multiple_slashes),
	    cmocka_unit_test(a_slash_in_front_names_no_provider),
	    cmocka_unit_test(provider_resolution_from_router_single_deployment),
	    cmocka_unit_test(provider_resolution_from_router_multiple_deployments_match),
	    cmocka_unit_test(any_deployment_of_a_polled_provider_is_enough),
	    cmocka_unit_test(provider_resolution_from_router_no_match),
	    cmocka_unit_test(provider_resolution_with_custom_llm_provider),
	    cmocka_unit_test(provider_resolution_model_not_in_router),
	    cmocka_unit_test(polling_enabled_when_all_conditions_met),
	    cmocka_unit_test(polling_disabled_when_background_false),
	    cmocka_unit_test(polling_disabled_when_config_false),
	    cmocka_unit_test(polling_disabled_when_redis_not_configured),
	    cmocka_unit_test(polling_enabled_with_provider_list_match),
	    cmocka_unit_test(polling_disabled_with_provider_list_no_match),
	    cmocka_unit_test(a_providers_name_must_match_wholly),
	    cmocka_unit_test(polling_with_router_lookup),
	    cmocka_unit_test(polling_with_router_lookup_no_match),
	    cmocka_unit_test(polling_disabled_when_model_in_native_background_mode),
	    cmocka_unit_test(polling_disabled_for_native_background_mode_with_provider_list),
	    cmocka_unit_test(polling_enabled_when_model_not_in_native_background_mode),
	    cmocka_unit_test(polling_enabled_when_native_background_mode_is_none),
	    cmocka_unit_test(polling_enabled_when_native_background_mode_is_empty_list),
	    cmocka_unit_test(native_background_mode_exact_match_required),
	    cmocka_unit_test(native_background_mode_with_provider_prefix_in_request),
	    cmocka_unit_test(native_background_mode_with_router_lookup),
	    cmocka_unit_test(an_exact_name_wins_over_patterns),
	    cmocka_unit_test(the_longest_pattern_wins),
	    cmocka_unit_test(the_first_of_patterns_as_long_wins),
	    cmocka_unit_test(all_deployments_of_the_winning_name_are_returned_in_order),
	    cmocka_unit_test(no_more_than_max_deployments_are_written),
	    cmocka_unit_test(a_star_stands_for_at_least_one_character),
	    cmocka_unit_test(text_before_and_behind_a_star_must_not_overlap),
	    cmocka_unit_test(a_star_takes_slashes_too),
	    cmocka_unit_test(polling_looks_at_the_provider_behind_a_pattern),
	    cmocka_unit_test(a_deployment_of_any_provider_takes_it_from_the_model_asked_for),
	    cmocka_unit_test(clients_do_not_choose_which_key_goes_to_an_api_base),
	    cmocka_unit_test(a_key_of_any_provider_goes_to_that_of_the_model_asked_for_alone),
	    cmocka_unit_test(a_model_is_nobodys_if_none_of_its_deployments_knows_its_provider),
	    cmocka_unit_test(the_upstream_name_takes_what_the_star_stood_for),
	    cmocka_unit_test(a_config_without_deployments_has_none_for_any_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
