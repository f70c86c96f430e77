/* Names that one part of the file gives to another: credentials, aliases, defaults. */
#include <stdio.h>
#include <string.h>

#include "common/config/model.h"
#include "loaded.h"

#define CREDENTIALS                                                                                \
	"credential_list:\n"                                                                       \
	"  - credential_name: azure\n"                                                             \
	"    credential_values:\n"                                                                 \
	"      api_key: os.environ/TEST_A\n"                                                       \
	"      api_base: https://azure.example\n"                                                  \
	"      api_version: 2024-10-21\n"                                                          \
	"    credential_info: {description: x}\n"                                                  \
	"  - credential_name: org\n"                                                               \
	"    credential_values: {api_key: sk-org, organization: org-1}\n"

static void a_credential_fills_in_what_the_deployment_does_not_say(void **state)
{
	const struct deployment *found;
	struct result result;

	(void)state;
	setenv("TEST_A", "sk-a", 1);
	result = load_right(CONFIG_SUPERVISOR, CREDENTIALS
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: azure/a, litellm_credential_name: azure}\n"
	    "  - model_name: b\n"
	    "    litellm_params:\n"
	    "      {model: azure/b, api_base: 'https://own.example', api_version: null,\n"
	    "       litellm_credential_name: azure}\n"
	    "  - model_name: c\n"
	    "    litellm_params: {model: openai/c, litellm_credential_name: org}\n");
	found = result.config->deployments;
	assert_string_equal(found[0].api_key, "sk-a");
	assert_string_equal(found[0].api_base, "https://azure.example");
	assert_string_equal(found[0].api_version, "2024-10-21");
	assert_string_equal(found[1].api_base, "https://own.example");
	assert_string_equal(found[1].api_version, "2024-10-21");
	assert_string_equal(found[2].api_key, "sk-org");
	assert_string_equal(found[2].organization, "org-1");
	assert_string_equal(result.log, "");
	done(&result);
}

static void a_credential_may_name_its_key_where_the_responder_lacks_it(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    CREDENTIALS "model_list:\n"
			"  - model_name: a\n"
			"    litellm_params: {model: azure/a, litellm_credential_name: azure}\n");

	(void)state;
	assert_string_equal(result.config->deployments[0].missing, "TEST_A");
	done(&result);
	assert_error_as(CONFIG_SUPERVISOR,
	    CREDENTIALS "model_list:\n"
			"  - model_name: a\n"
			"    litellm_params: {model: azure/a, litellm_credential_name: azure}\n",
	    "4: model_list[0].litellm_params.api_key: environment variable TEST_A is not set, "
	    "expected the provider's key");
}

static void deployments_of_two_credentials_differ_in_their_ids(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "credential_list:\n"
	    "  - {credential_name: x, credential_values: {api_key: k, api_base: 'http://x'}}\n"
	    "  - {credential_name: y, credential_values: {api_key: k, api_base: 'http://y'}}\n"
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: &params {model: openai/a, litellm_credential_name: x}\n"
	    "  - model_name: a\n"
	    "    litellm_params: {<<: *params, litellm_credential_name: y}\n");

	(void)state;
	assert_string_equal(result.config->deployments[0].api_base, "http://x");
	assert_string_equal(result.config->deployments[1].api_base, "http://y");
	assert_string_not_equal(result.config->deployments[0].id, result.config->deployments[1].id);
	done(&result);
}

static void a_credential_s_name_may_be_in_a_variable(void **state)
{
	static const char text[] =
	    "credential_list: [{credential_name: a, credential_values: {api_key: k}}]\n"
	    "model_list: [{model_name: a, litellm_params: {model: openai/a, "
	    "litellm_credential_name: os.environ/TEST_B}}]\n";
	struct result result;

	(void)state;
	setenv("TEST_B", "a", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_string_equal(result.config->deployments[0].api_key, "k");
	done(&result);
	unsetenv("TEST_B");
	assert_error_as(CONFIG_SUPERVISOR, text,
	    "2: model_list[0].litellm_params.litellm_credential_name: environment variable TEST_B "
	    "is not set, expected a name that credential_list has");
}

static void an_unknown_credential_is_an_error_that_says_which_are_known(void **state)
{
	static const char model[] =
	    "model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: k, "
	    "litellm_credential_name: gone}}]\n";
	char text[1024];

	(void)state;
	assert_error(model, "1: model_list[0].litellm_params.litellm_credential_name: \"gone\" is "
			    "no credential, expected a credential_list that has it");
	snprintf(text, sizeof(text), "%s" CREDENTIALS, model);
	assert_error(text, "1: model_list[0].litellm_params.litellm_credential_name: \"gone\" is "
			   "no credential, expected a name that credential_list has: \"azure\", "
			   "\"org\"");
}

static void what_a_variable_has_in_the_place_of_a_credential_s_name_is_not_shown(void **state)
{
	(void)state;
	setenv("TEST_B", "sk-secret", 1);
	assert_error("model_list: [{model_name: a, litellm_params: {model: openai/a, "
		     "litellm_credential_name: os.environ/TEST_B}}]\n",
	    "1: model_list[0].litellm_params.litellm_credential_name: \"os.environ/TEST_B\" is "
	    "no credential, expected a credential_list that has it");
}

static void wrong_credentials_are_errors(void **state)
{
	static const struct {
		const char *list, *error;
	} cases[] = {
	    {"{a: b}", "1: credential_list: a mapping, expected a list of credentials"},
	    {"[{credential_name: a}]",
		"1: credential_list[0].credential_values: missing, expected a mapping with keys of "
		"litellm_params"},
	    {"[{credential_values: {}}]",
		"1: credential_list[0].credential_name: missing, expected the credential's name"},
	    {"[{credential_name: a, credential_values: hidden}]",
		"1: credential_list[0].credential_values: text, expected a mapping with keys of "
		"litellm_params"},
	    {"[{credential_name: a, credential_values: {}}, {credential_name: a, "
	     "credential_values: {}}]",
		"1: credential_list[1]: name \"a\" again, expected one for each credential (first "
		"in config.yaml:1)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];

		snprintf(text, sizeof(text), "credential_list: %s\n", cases[i].list);
		assert_error(text, cases[i].error);
	}
}

/* Aliases */

#define MODELS                                                                                     \
	"model_list:\n"                                                                            \
	"  - {model_name: gpt-5, litellm_params: {model: openai/gpt-5, api_key: k}}\n"             \
	"  - {model_name: groq/*, litellm_params: {model: groq/*, api_key: k}}\n"                  \
	"respool: {allow_anonymous: true}\n"

static void an_alias_leads_to_its_model(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, MODELS "router_settings:\n"
						"  model_group_alias:\n"
						"    gpt-4: gpt-5\n"
						"    secret: {model: gpt-5, hidden: true}\n"
						"    gpt-5: groq/llama\n");
	const struct config *config = result.config;

	(void)state;
	assert_int_equal(config->alias_count, 3);
	assert_string_equal(model_resolve(config, "gpt-4"), "gpt-5");
	assert_string_equal(model_resolve(config, "secret"), "gpt-5");
	assert_string_equal(model_resolve(config, "gpt-5"), "groq/llama");
	assert_string_equal(model_resolve(config, "other"), "other");
	assert_false(config->aliases[0].hidden);
	assert_true(config->aliases[1].hidden);
	assert_string_equal(result.log, "");
	done(&result);
}

static void the_map_of_all_settings_wins_over_that_of_the_router(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    MODELS "litellm_settings: {model_alias_map: {a: gpt-5}}\n"
		   "router_settings: {model_group_alias: {a: groq/llama, b: groq/llama}}\n");

	(void)state;
	assert_string_equal(model_resolve(result.config, "a"), "gpt-5");
	assert_string_equal(model_resolve(result.config, "b"), "groq/llama");
	done(&result);
}

static void an_alias_of_a_model_without_deployments_is_a_warning(void **state)
{
	struct result result = load_right(
	    CONFIG_RESPONDER, MODELS "router_settings: {model_group_alias: {a: gone, b: null}}\n");

	(void)state;
	assert_holds(result.log,
	    "config.yaml:5: router_settings.model_group_alias.a: model_list has no deployment of "
	    "\"gone\": requests for this name will be refused\n");
	assert_int_equal(count_of(result.log, "\n"), 1);
	done(&result);
}

static void wrong_aliases_are_errors(void **state)
{
	(void)state;
	assert_error("router_settings: {model_group_alias: [a]}\n",
	    "1: router_settings.model_group_alias: a list, expected a mapping of other names to "
	    "models' names");
	assert_error("router_settings: {model_group_alias: {a: [b]}}\n",
	    "1: router_settings.model_group_alias.a: a list, expected the name of a model that "
	    "model_list has");
	assert_error("router_settings: {model_group_alias: {a: {hidden: true}}}\n",
	    "1: router_settings.model_group_alias.a.model: missing, expected the name of a model "
	    "that model_list has");
}

static void fallbacks_and_default_deployment_may_name_an_alias(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a, api_key: k}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/b, api_key: k}}\n"
	    "router_settings:\n"
	    "  model_group_alias: {x: a, y: b}\n"
	    "  fallbacks: [{x: [y]}]\n"
	    "respool: {allow_anonymous: true, default_deployment: y}\n");
	const struct fallback *fallback = model_fallback(result.config, FALLBACK_ON_ERROR, "x");

	(void)state;
	assert_string_equal(result.log, "");
	assert_non_null(fallback);
	assert_string_equal(fallback->models[0], "y");
	assert_string_equal(result.config->default_deployment, "b");
	done(&result);
}

static void an_alias_is_polled_as_its_model_or_as_itself(void **state)
{
	static const char text[] =
	    MODELS "router_settings:\n"
		   "  model_group_alias: {a: gpt-5, b: groq/llama, azure/c: gpt-5, d: gpt-5}\n"
		   "litellm_settings:\n"
		   "  cache: true\n"
		   "  cache_params: {host: h}\n"
		   "  responses:\n"
		   "    background_mode:\n"
		   "      polling_via_cache: [groq, azure]\n"
		   "      native_background_mode: [d]\n";
	struct result result = load_right(CONFIG_RESPONDER, text);

	(void)state;
	assert_false(model_should_poll(result.config, "a", true));
	assert_true(model_should_poll(result.config, "b", true));
	assert_true(model_should_poll(result.config, "azure/c", true));
	result.config->polling.mode = POLLING_ALL;
	assert_true(model_should_poll(result.config, "a", true));
	assert_false(model_should_poll(result.config, "d", true));
	done(&result);
}

/* The model of requests that name none */

static void a_default_model_is_respool_s_else_litellm_s(void **state)
{
	struct result result = load_right(
	    CONFIG_RESPONDER, MODELS "general_settings: {completion_model: groq/llama}\n");

	(void)state;
	assert_string_equal(result.config->default_model, "groq/llama");
	done(&result);
	result = load_right(CONFIG_RESPONDER,
	    "model_list: [{model_name: a, litellm_params: {model: openai/a}}]\n"
	    "router_settings: {model_group_alias: {b: a}}\n"
	    "general_settings: {completion_model: a}\n"
	    "respool: {default_model: b}\n");
	assert_string_equal(result.config->default_model, "b");
	done(&result);
}

static void a_default_model_without_deployments_is_an_error(void **state)
{
	(void)state;
	assert_error("general_settings: {completion_model: gone}\n",
	    "1: general_settings.completion_model: \"gone\", expected a model that model_list has");
	assert_error("respool: {default_model: gone}\n",
	    "1: respool.default_model: \"gone\", expected a model that model_list has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_credential_fills_in_what_the_deployment_does_not_say),
	    TEST(a_credential_may_name_its_key_where_the_responder_lacks_it),
	    TEST(deployments_of_two_credentials_differ_in_their_ids),
	    TEST(a_credential_s_name_may_be_in_a_variable),
	    TEST(an_unknown_credential_is_an_error_that_says_which_are_known),
	    TEST(what_a_variable_has_in_the_place_of_a_credential_s_name_is_not_shown),
	    TEST(wrong_credentials_are_errors),
	    TEST(an_alias_leads_to_its_model),
	    TEST(the_map_of_all_settings_wins_over_that_of_the_router),
	    TEST(an_alias_of_a_model_without_deployments_is_a_warning),
	    TEST(wrong_aliases_are_errors),
	    TEST(fallbacks_and_default_deployment_may_name_an_alias),
	    TEST(an_alias_is_polled_as_its_model_or_as_itself),
	    TEST(a_default_model_is_respool_s_else_litellm_s),
	    TEST(a_default_model_without_deployments_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
