#include <stdio.h>
#include <string.h>

#include "loaded.h"

#define ENTRY(name, params) "  - {model_name: " name ", litellm_params: {" params "}}\n"

static void a_deployment_is_called_by_its_provider_and_model(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "model_list:\n" ENTRY("a", "model: openai/gpt-5")
		ENTRY("b", "model: anthropic/claude-sonnet-4-5")
		    ENTRY("'openai/*'", "model: openai/*") ENTRY("'*'", "model: '*'"));
	const struct deployment *deployments = result.config->deployments;

	(void)state;
	assert_string_equal(deployments[0].label, "openai/gpt-5");
	assert_string_equal(deployments[1].label, "anthropic/claude-sonnet-4-5");
	assert_string_equal(deployments[2].label, "openai/*");
	assert_string_equal(deployments[3].label, "*");
	done(&result);
}

static void assert_labelled_by_id(const struct deployment *deployment, const char *name)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "%s#%.4s", name, deployment->id);
	assert_string_equal(deployment->label, expected);
}

#define FIRST  ENTRY("gpt", "model: openai/gpt-5, api_base: http://a/v1")
#define SECOND ENTRY("gpt", "model: openai/gpt-5, api_base: http://b/v1")

static void those_of_one_name_are_told_apart_by_their_ids(void **state)
{
	struct result result = load_right(
	    CONFIG_RESPONDER, "model_list:\n" FIRST SECOND ENTRY("other", "model: openai/gpt-4o"));
	const struct deployment *deployments = result.config->deployments;

	(void)state;
	assert_labelled_by_id(&deployments[0], "openai/gpt-5");
	assert_labelled_by_id(&deployments[1], "openai/gpt-5");
	assert_string_not_equal(deployments[0].label, deployments[1].label);
	assert_string_equal(deployments[2].label, "openai/gpt-4o");
	done(&result);
}

static void a_label_does_not_depend_on_the_order(void **state)
{
	struct result one = load_right(CONFIG_RESPONDER, "model_list:\n" FIRST SECOND);
	struct result other = load_right(CONFIG_RESPONDER, "model_list:\n" SECOND FIRST);

	(void)state;
	assert_string_equal(one.config->deployments[0].label, other.config->deployments[1].label);
	assert_string_equal(one.config->deployments[1].label, other.config->deployments[0].label);
	done(&one);
	done(&other);
}

static void each_of_an_entry_s_organizations_has_a_label(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "model_list:\n" ENTRY("gpt", "model: openai/gpt-5, organization: [org-a, org-b]"));

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_labelled_by_id(&result.config->deployments[i], "openai/gpt-5");
	done(&result);
}

/* As many as it takes for four digits to be the same by chance. */
static void no_two_labels_are_the_same(void **state)
{
	enum { MANY = 600 };
	static char text[MANY * 100];
	struct result result;
	size_t len = (size_t)sprintf(text, "model_list:\n"), longest = 0;

	(void)state;
	for (int i = 0; i < MANY; i++)
		len += (size_t)sprintf(
		    text + len, ENTRY("gpt", "model: openai/gpt-5, api_base: 'http://h%d/v1'"), i);
	result = load_right(CONFIG_RESPONDER, text);
	for (size_t i = 0; i < MANY; i++) {
		const char *label = result.config->deployments[i].label;

		if (strlen(label) > longest)
			longest = strlen(label);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(label, result.config->deployments[j].label);
	}
	assert_true(longest > strlen("openai/gpt-5#1234"));
	done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_deployment_is_called_by_its_provider_and_model),
	    TEST(those_of_one_name_are_told_apart_by_their_ids),
	    TEST(a_label_does_not_depend_on_the_order),
	    TEST(each_of_an_entry_s_organizations_has_a_label),
	    TEST(no_two_labels_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
