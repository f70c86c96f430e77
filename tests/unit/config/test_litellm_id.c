#include "common/base/buf.h"
#include "loaded.h"

static void assert_litellm_id(const char *entry, const char *expected)
{
	struct buf text = {0};
	struct result result;

	buf_printf(&text, "general_settings: {master_key: sk-m}\nmodel_list:\n  - %s\n", entry);
	result = load_right(CONFIG_RESPONDER, buf_cstr(&text));
	if (expected == NULL)
		assert_null(result.config->deployments[0].litellm_id);
	else
		assert_string_equal(result.config->deployments[0].litellm_id, expected);
	done(&result);
	buf_free(&text);
}

static void a_deployment_has_the_id_that_litellm_is_told(void **state)
{
	(void)state;
	assert_litellm_id(
	    "{model_name: m, litellm_params: {model: openai/m}, model_info: {id: gpt-east}}",
	    "gpt-east");
	assert_litellm_id(
	    "{model_name: m, litellm_params: {model: openai/m}, model_info: {id: 7}}", "7");
}

static void a_deployment_has_the_id_that_litellm_makes_of_its_parameters(void **state)
{
	(void)state;
	setenv("TEST_A", "sk-1", 1);
	assert_litellm_id("model_name: gpt-5\n"
			  "    litellm_params:\n"
			  "      model: openai/gpt-5\n"
			  "      api_key: os.environ/TEST_A\n"
			  "      api_base: https://api.openai.com/v1\n"
			  "      api_version: 2024-10-21\n"
			  "      rpm: 60\n"
			  "      temperature: 0.25\n"
			  "      timeout: 300.0\n"
			  "      drop_params: true\n"
			  "      organization: ~\n"
			  "      description: \"10\"",
	    "5d8c3a8eb1649c0744c9806e1e029a5ed0a229deb4c58ff0dfafdfbb154e78f6");
}

static void where_it_is_not_sure_what_litellm_makes_there_is_no_id(void **state)
{
	static const char *const params[] = {
	    "additional_drop_params: [user]",
	    "extra_headers: {a: b}",
	    "description: 0x10",
	    "description: +7",
	    "timeout: 1.50",
	    "description: 1:30",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(params); i++) {
		struct buf entry = {0};

		buf_printf(
		    &entry, "{model_name: m, litellm_params: {model: openai/m, %s}}", params[i]);
		assert_litellm_id(buf_cstr(&entry), NULL);
		buf_free(&entry);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_deployment_has_the_id_that_litellm_is_told),
	    TEST(a_deployment_has_the_id_that_litellm_makes_of_its_parameters),
	    TEST(where_it_is_not_sure_what_litellm_makes_there_is_no_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
