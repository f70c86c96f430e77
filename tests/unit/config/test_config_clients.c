#include <stdio.h>
#include <stdlib.h>

#include "loaded.h"

static void wrong_tenants_are_errors(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"respool:\n  api_keys: sk-hidden\n",
		"2: respool.api_keys: text, expected a list of mappings with name and key"},
	    {"respool:\n  api_keys: [sk-hidden]\n",
		"2: respool.api_keys[0]: text, expected a mapping with name and key"},
	    {"respool:\n  api_keys:\n    - key: sk-hidden\n",
		"3: respool.api_keys[0].name: missing, expected the tenant's name"},
	    {"respool:\n  api_keys:\n    - name: a\n",
		"3: respool.api_keys[0].key: missing, expected the tenant's key"},
	    {"respool:\n  api_keys:\n    - {name: a, key: ''}\n",
		"3: respool.api_keys[0].key: nothing in it, expected the tenant's key"},
	    {"respool:\n  api_keys:\n    - {name: '', key: sk-hidden}\n",
		"3: respool.api_keys[0].name: nothing in it, expected the tenant's name"},
	    {"respool:\n  api_keys:\n    - {name: master, key: sk-hidden}\n",
		"3: respool.api_keys[0]: name \"master\" is that of general_settings.master_key, "
		"expected another name"},
	    {"respool:\n  api_keys:\n    - {name: a, key: sk-1}\n    - {name: a, key: sk-2}\n",
		"4: respool.api_keys[1]: name \"a\" again, expected a name for each tenant"},
	    {"respool:\n  api_keys:\n    - {name: a, key: sk-1}\n    - {name: b, key: sk-1}\n",
		"4: respool.api_keys[1]: the same key as tenant \"a\", "
		"expected a key for each tenant"},
	    {"respool:\n  api_keys: [{name: a, key: sk-1}]\n"
	     "general_settings: {master_key: sk-1}\n",
		"2: respool.api_keys[0]: the same key as tenant \"master\", "
		"expected a key for each tenant"},
	    {"general_settings: {master_key: ''}\n",
		"1: general_settings.master_key: nothing in it, expected the master key"},
	    {"general_settings: {master_key: [sk-hidden]}\n",
		"1: general_settings.master_key: a list, expected the master key"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error(cases[i].text, cases[i].message);
}

static void a_key_that_would_break_a_header_is_an_error_that_does_not_show_it(void **state)
{
	static const struct {
		const char *key;
		const char *problem;
	} cases[] = {
	    {"' hidden'", "a blank at the beginning or end of it"},
	    {"'hidden '", "a blank at the beginning or end of it"},
	    {"\"hid\\nden\"", "a control character in it"},
	    {"\"hidden\\r\\n\"", "a control character in it"},
	    {"\"hidden\\t\"", "a control character in it"},
	    {"\"hid\\0den\"", "a control character in it"},
	    {"\"hid\\x7fden\"", "a control character in it"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160], message[160];

		snprintf(text, sizeof(text), "general_settings: {master_key: %s}\n", cases[i].key);
		snprintf(message, sizeof(message),
		    "1: general_settings.master_key: %s, expected the master key",
		    cases[i].problem);
		assert_error(text, message);
		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, api_key: "
		    "%s}}]\n",
		    cases[i].key);
		snprintf(message, sizeof(message),
		    "1: model_list[0].litellm_params.api_key: %s, expected the provider's key",
		    cases[i].problem);
		assert_error_as(CONFIG_SUPERVISOR, text, message);
	}
	setenv("OPENAI_API_KEY", "hidden\n", 1);
	assert_error_as(CONFIG_SUPERVISOR,
	    "model_list: [{model_name: m, litellm_params: {model: openai/m}}]\n",
	    "1: model_list[0].litellm_params: a blank or control character in environment "
	    "variable OPENAI_API_KEY, expected the provider's key");
}

static void a_providers_variable_is_taken_by_the_responder_only_if_it_is_usable(void **state)
{
	static const char text[] =
	    "model_list: [{model_name: m, litellm_params: {model: openai/m}}]\n";
	struct result result;

	(void)state;
	setenv("OPENAI_API_KEY", "sk-usable", 1);
	result = load_right(CONFIG_RESPONDER, text);
	assert_string_equal(result.config->deployments[0].api_key, "sk-usable");
	done(&result);
	setenv("OPENAI_API_KEY", "hidden\n", 1);
	result = load_right(CONFIG_RESPONDER, text);
	assert_null(result.config->deployments[0].api_key);
	assert_string_equal(result.config->deployments[0].missing, "OPENAI_API_KEY");
	assert_lacks(result.log, "hidden");
	done(&result);
}

static void a_responder_without_any_key_warns_of_401(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, "{}");

	(void)state;
	assert_holds(result.log,
	    "every request will be refused with 401 until general_settings.master_key, "
	    "respool.api_keys or respool.allow_anonymous is set");
	done(&result);
	result = load_right(CONFIG_RESPONDER, "respool: {allow_anonymous: true}\n");
	assert_lacks(result.log, "refused with 401");
	done(&result);
	result = load_right(CONFIG_RESPONDER, "general_settings: {master_key: sk-1}\n");
	assert_lacks(result.log, "refused with 401");
	done(&result);
}

static void polling_without_redis_is_a_warning(void **state)
{
	static const char polling[] = "  responses: {background_mode: {polling_via_cache: all}}\n";
	char text[256];
	struct result result;

	(void)state;
	snprintf(text, sizeof(text), "litellm_settings:\n%s", polling);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_false(result.config->redis.enabled);
	assert_holds(result.log, "config.yaml: litellm_settings.cache is not true: "
				 "background polling is off\n");
	done(&result);

	snprintf(text, sizeof(text),
	    "litellm_settings:\n  cache: true\n  cache_params: {type: s3}\n%s", polling);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_false(result.config->redis.enabled);
	assert_holds(result.log, "config.yaml: litellm_settings.cache_params.type is not redis: "
				 "background polling is off\n");
	done(&result);

	snprintf(text, sizeof(text), "litellm_settings:\n  cache: true\n%s", polling);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_true(result.config->redis.enabled);
	assert_lacks(result.log, "polling is off");
	done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(wrong_tenants_are_errors),
	    TEST(a_key_that_would_break_a_header_is_an_error_that_does_not_show_it),
	    TEST(a_providers_variable_is_taken_by_the_responder_only_if_it_is_usable),
	    TEST(a_responder_without_any_key_warns_of_401),
	    TEST(polling_without_redis_is_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
