#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "polled_models.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(provider_resolution_from_router_single_deployment),
	    cmocka_unit_test(provider_resolution_from_router_multiple_deployments_match),
	    cmocka_unit_test(any_deployment_of_a_polled_provider_is_enough),
	    cmocka_unit_test(provider_resolution_from_router_no_match),
	    cmocka_unit_test(provider_resolution_with_custom_llm_provider),
	    cmocka_unit_test(provider_resolution_model_not_in_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
