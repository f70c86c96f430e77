#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "polled_models.h"

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

static void add_native(struct setup *setup, const char *model)
{
	setup->native_models[setup->config.polling.native_count++] = text(model);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
