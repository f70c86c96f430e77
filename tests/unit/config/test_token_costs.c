#include <string.h>

#include "loaded.h"

static void assert_costs(const struct deployment *deployment, double input, double output)
{
	assert_true(deployment->input_cost == input);
	assert_true(deployment->output_cost == output);
}

static void what_a_token_costs_may_be_written_in_any_way(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "- {model_name: a, litellm_params: {model: openai/a, api_key: k},\n"
	    "   model_info: {input_cost_per_token: 1.25e-06, output_cost_per_token: 1e-05}}\n"
	    "- {model_name: b, litellm_params: {model: openai/b, api_key: k},\n"
	    "   model_info: {input_cost_per_token: '0.00000125', output_cost_per_token: .00001}}\n"
	    "- {model_name: c, litellm_params: {model: openai/c, api_key: k},\n"
	    "   model_info: {input_cost_per_token: 0, output_cost_per_token: null}}\n"
	    "- {model_name: d, litellm_params: {model: openai/d, api_key: k}}\n");

	(void)state;
	assert_string_equal(result.log, "");
	assert_costs(&result.config->deployments[0], 1.25e-06, 1e-05);
	assert_costs(&result.config->deployments[1], 1.25e-06, 1e-05);
	assert_costs(&result.config->deployments[2], 0, 0);
	assert_costs(&result.config->deployments[3], 0, 0);
	done(&result);
}

static void a_cost_among_the_parameters_wins_over_that_of_model_info(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "- model_name: a\n"
	    "  litellm_params: {model: openai/a, api_key: k, input_cost_per_token: 3e-6}\n"
	    "  model_info: {input_cost_per_token: 2e-6, output_cost_per_token: 4e-6}\n");

	(void)state;
	assert_costs(&result.config->deployments[0], 3e-6, 4e-6);
	done(&result);
}

static void each_organization_s_deployment_costs_the_same(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "- model_name: a\n"
	    "  litellm_params: {model: openai/a, api_key: k, organization: [x, y]}\n"
	    "  model_info: {input_cost_per_token: 2e-6, output_cost_per_token: 4e-6}\n");

	(void)state;
	assert_int_equal(result.config->deployment_count, 2);
	assert_costs(&result.config->deployments[1], 2e-6, 4e-6);
	done(&result);
}

static void a_cost_leaves_the_deployment_s_id_as_it_is(void **state)
{
	struct result without = load_right(CONFIG_SUPERVISOR,
	    "model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: k}}]\n");
	struct result with = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "- model_name: a\n"
	    "  litellm_params: {model: openai/a, api_key: k, output_cost_per_token: 2e-6}\n"
	    "- model_name: a\n"
	    "  litellm_params: {model: openai/a, api_key: k}\n"
	    "  model_info: {input_cost_per_token: 2e-6}\n");

	(void)state;
	assert_string_equal(with.config->deployments[0].id, without.config->deployments[0].id);
	/* LiteLLM makes its id of all parameters, and of nothing in model_info. */
	assert_string_equal(
	    with.config->deployments[1].litellm_id, without.config->deployments[0].litellm_id);
	done(&with);
	done(&without);
}

static void what_is_no_cost_is_an_error(void **state)
{
	static const char *const costs[] = {"-1e-06", "1e-", "e-06", ".", "1e6x", "cheap",
	    "1000001", "1e999", ".e5", "nan", "inf", "0x1"};
	char text[256], message[256];

	(void)state;
	for (size_t i = 0; i < COUNT(costs); i++) {
		snprintf(text, sizeof(text),
		    "model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: k},\n"
		    "  model_info: {input_cost_per_token: \"%s\"}}]\n",
		    costs[i]);
		snprintf(message, sizeof(message),
		    "2: model_list[0].model_info.input_cost_per_token: \"%s\", expected a number "
		    "from 0 up to 1000000",
		    costs[i]);
		assert_error(text, message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_a_token_costs_may_be_written_in_any_way),
	    TEST(a_cost_among_the_parameters_wins_over_that_of_model_info),
	    TEST(each_organization_s_deployment_costs_the_same),
	    TEST(a_cost_leaves_the_deployment_s_id_as_it_is),
	    TEST(what_is_no_cost_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
