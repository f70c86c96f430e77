#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "polled_models.h"

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

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

/* A deployment in the short form that the tests use. */
struct row {
	const char *model_name;
	const char *provider;
	const char *model;
};

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
	    cmocka_unit_test(a_key_of_any_provider_goes_to_that_of_the_model_asked_for_alone),
	    cmocka_unit_test(clients_do_not_choose_which_key_goes_to_an_api_base),
	    cmocka_unit_test(a_model_is_nobodys_if_none_of_its_deployments_knows_its_provider),
	    cmocka_unit_test(the_upstream_name_takes_what_the_star_stood_for),
	    cmocka_unit_test(a_config_without_deployments_has_none_for_any_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
