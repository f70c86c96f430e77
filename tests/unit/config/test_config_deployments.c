#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/model.h"
#include "loaded.h"

static void a_quirk_is_true_or_false(void **state)
{
	(void)state;
	assert_error("model_list:\n"
		     "  - model_name: m\n"
		     "    litellm_params: {model: openai/m, think_tags: maybe}\n",
	    "3: model_list[0].litellm_params.think_tags: \"maybe\", expected true or false");
}

static void a_number_of_tokens_is_one_above_0(void **state)
{
	(void)state;
	assert_error(
	    "model_list: [{model_name: m, litellm_params: {model: anthropic/m, max_tokens: 0}}]\n",
	    "1: model_list[0].litellm_params.max_tokens: \"0\", expected an integer from 1 to "
	    "2147483647");
}

static void dropping_holds_for_what_cannot_be_translated_too(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "litellm_settings: {drop_params: true}\n"
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: anthropic/a}}\n"
	    "  - {model_name: b, litellm_params: {model: anthropic/b, drop_params: false}}\n"
	    "  - {model_name: c, litellm_params: {model: anthropic/c, drop_params: [user]}}\n");

	(void)state;
	assert_true(result.config->deployments[0].drop_params);
	assert_false(result.config->deployments[1].drop_params);
	assert_true(result.config->deployments[2].drop_params);
	done(&result);
}

static void what_a_provider_does_not_take_is_dropped_if_that_is_wanted(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openrouter/a, drop_params: true,\n"
	    "     additional_drop_params: [user]}}\n"
	    "  - {model_name: b, litellm_params: {model: openrouter/b, drop_params: false}}\n"
	    "  - {model_name: c, litellm_params: {model: openrouter/c}}\n"
	    "  - {model_name: d, litellm_params: {model: openai/d, drop_params: true}}\n"
	    "  - {model_name: e, litellm_params: {model: '*', drop_params: true}}\n");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->dropped_count, 2);
	assert_string_equal(deployment_of(&result, 0)->dropped[0], "user");
	assert_string_equal(deployment_of(&result, 0)->dropped[1], "store");
	for (size_t i = 1; i < 5; i++) {
		assert_int_equal(deployment_of(&result, i)->dropped_count, 0);
		assert_int_equal(deployment_of(&result, i)->drops_by_model, i == 4);
	}
	done(&result);
}

static void drop_params_for_all_holds_for_those_that_do_not_say_themselves(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openrouter/a}}\n"
	    "  - {model_name: b, litellm_params: {model: openrouter/b, drop_params: false}}\n"
	    "litellm_settings: {drop_params: true}\n");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->dropped_count, 1);
	assert_int_equal(deployment_of(&result, 1)->dropped_count, 0);
	done(&result);
}

static void a_nested_member_is_not_dropped_and_that_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a,\n"
	    "     additional_drop_params: ['tools[*].strict', text.verbosity, user]}}\n");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->dropped_count, 1);
	assert_int_equal(count_of(result.log, "is not at the top of a request: not dropped"), 2);
	done(&result);
}

static void wrong_parameters_of_deployments_are_errors(void **state)
{
	static const struct {
		const char *params;
		const char *message;
	} cases[] = {
	    {"weight: -1", "weight: \"-1\", expected a number from 0 up to 2147483647"},
	    {"weight: .5e1", "weight: \".5e1\", expected a number from 0 up to 2147483647"},
	    {"rpm: many", "rpm: \"many\", expected an integer from 0 to 2147483647"},
	    {"organization: []", "organization: a list, expected the organization's id"},
	    {"organization: {a: b}", "organization: a mapping, expected the organization's id"},
	    {"organization: [a, [b]]", "organization[1]: a list, expected the organization's id"},
	    {"organization: \"a\\nb\"",
		"organization: a control character in it, expected the organization's id"},
	    {"api_version: 'v1&x=y'", "api_version: a character that no version has, "
				      "expected letters, digits, - and ."},
	    {"api_base: 'https://a/openai?api-version=1'",
		"api_base: not a URL of that kind, expected a URL that begins with http:// or "
		"https://, without query and fragment"},
	    {"extra_headers: [a]",
		"extra_headers: a list, expected a mapping of headers' names to their values"},
	    {"extra_headers: {a: [b]}", "extra_headers.a: a list, expected the header's value"},
	    {"extra_headers: {a: ''}", "extra_headers.a: nothing in it, expected the header's "
				       "value"},
	    {"extra_headers: {a: \"hidden\\r\\nb: c\"}",
		"extra_headers.a: a control character in it, expected the header's value"},
	    {"drop_params: maybe", "drop_params: \"maybe\", expected true or false"},
	    {"drop_params: [model]", "drop_params[0]: \"model\" cannot be dropped, "
				     "expected any other member of a request"},
	    {"additional_drop_params: [user, stream]",
		"additional_drop_params[1]: \"stream\" cannot be dropped, "
		"expected any other member of a request"},
	    {"additional_drop_params: user",
		"additional_drop_params: text, expected a list of names of a request's members"},
	    {"additional_drop_params: [{}]", "additional_drop_params[0]: a mapping, expected the "
					     "name of a request's member"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256], message[256];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, %s}}]\n",
		    cases[i].params);
		snprintf(message, sizeof(message), "1: model_list[0].litellm_params.%s",
		    cases[i].message);
		assert_error(text, message);
	}
}

static void a_weight_may_have_a_fraction(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a, weight: 0.25}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/a, weight: 2147483647}}\n");

	(void)state;
	assert_float_equal(deployment_of(&result, 0)->weight, 0.25, 0);
	assert_float_equal(deployment_of(&result, 1)->weight, 2147483647, 0);
	done(&result);
}

static void each_organization_of_a_list_is_a_deployment(void **state)
{
	const char *text =
	    "model_list:\n"
	    "  - {model_name: '*', litellm_params: {model: openai/*, api_key: k, rpm: 3,\n"
	    "     additional_drop_params: [user], extra_headers: {X-A: b}, unknown: 1,\n"
	    "     organization: [org-1, os.environ/TEST_A, org-3]}}\n"
	    "  - {model_name: last, litellm_params: {model: openai/m}}\n";
	const char *turned = "model_list:\n"
			     "  - {model_name: '*', litellm_params: {model: openai/*,\n"
			     "     organization: [org-3, org-1]}}\n";
	struct result result, other;

	(void)state;
	setenv("TEST_A", "org-2", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_int_equal(result.config->deployment_count, 4);
	for (size_t i = 0; i < 3; i++) {
		const struct deployment *deployment = deployment_of(&result, i);
		const char name[] = {'o', 'r', 'g', '-', (char)('1' + i), '\0'};

		assert_string_equal(deployment->organization, name);
		assert_string_equal(deployment->model_name, "*");
		assert_string_equal(deployment->api_base, "https://api.openai.com/v1");
		assert_string_equal(deployment->api_key, "k");
		assert_string_equal(deployment->dropped[0], "user");
		assert_string_equal(deployment->extra_headers[0], "X-A: b");
		assert_int_equal(deployment->rpm, 3);
	}
	assert_int_equal(count_of(result.log, "unknown: not implemented, "), 1);
	other = load_right(CONFIG_SUPERVISOR, turned);
	assert_string_equal(deployment_of(&other, 0)->id, deployment_of(&result, 2)->id);
	assert_string_equal(deployment_of(&other, 1)->id, deployment_of(&result, 0)->id);
	done(&other);
	done(&result);
	unsetenv("TEST_A");
	result = load_right(CONFIG_RESPONDER, text);
	assert_null(deployment_of(&result, 0)->missing);
	assert_string_equal(deployment_of(&result, 1)->missing, "TEST_A");
	assert_null(deployment_of(&result, 2)->missing);
	done(&result);
}

static void what_cannot_be_a_header_is_not_sent_and_that_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list: [{model_name: m, litellm_params: {model: openai/m, extra_headers:\n"
	    "  {AI-Resource Group: hidden, 'a:': hidden, '': hidden, \"a\\nb\": hidden, X-A: "
	    "1}}}]");

	(void)state;
	assert_int_equal(deployment_of(&result, 0)->extra_header_count, 1);
	assert_string_equal(deployment_of(&result, 0)->extra_headers[0], "X-A: 1");
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params.extra_headers."
				 "AI-Resource Group: not a name of a header: not sent\n");
	assert_int_equal(count_of(result.log, "\n"), 4);
	assert_lacks(result.log, "hidden");
	done(&result);
}

static void each_header_that_frames_a_request_is_left_to_us(void **state)
{
	static const char *const names[] = {"Accept-Encoding", "Connection", "Content-Encoding",
	    "Content-Length", "Content-Type", "Expect", "Host", "Keep-Alive", "Proxy-Connection",
	    "TE", "Trailer", "Transfer-Encoding", "Upgrade"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char text[256];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, "
		    "extra_headers: {%s: x}}}]\n",
		    names[i]);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_int_equal(deployment_of(&result, 0)->extra_header_count, 0);
		assert_holds(result.log, "a header that respool sets itself: not sent\n");
		done(&result);
	}
}

/* The ids of the deployments of a file. */
static void read_ids(enum config_role role, const char *text, char ids[][17], size_t count)
{
	struct result result = load_right(role, text);

	assert_int_equal(result.config->deployment_count, count);
	for (size_t i = 0; i < count; i++) {
		const char *id = deployment_of(&result, i)->id;

		assert_int_equal(strlen(id), 16);
		assert_int_equal(strspn(id, "0123456789abcdef"), 16);
		snprintf(ids[i], 17, "%s", id);
	}
	done(&result);
}

static void an_id_is_the_same_in_every_process_whatever_the_key(void **state)
{
	static const char before[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_key: sk-1}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/m, api_base: os.environ/TEST_A}}\n";
	static const char after[] =
	    "model_list:\n"
	    "  - {model_name: new, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_key: sk-2, weight: 3}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/m, api_base: os.environ/TEST_A}}\n";
	char responders[2][17], supervisors[2][17], reloaded[3][17];

	(void)state;
	read_ids(CONFIG_RESPONDER, before, responders, 2);
	setenv("TEST_A", "http://a", 1);
	read_ids(CONFIG_SUPERVISOR, before, supervisors, 2);
	read_ids(CONFIG_SUPERVISOR, after, reloaded, 3);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(responders[i], supervisors[i]);
		assert_string_equal(supervisors[i], reloaded[i + 1]);
	}
}

static void every_deployment_has_an_id_of_its_own(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: am, litellm_params: {model: openai/m}}\n"
	    "  - {model_name: a, litellm_params: {model: groq/m}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_base: 'http://a'}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, api_version: v1}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m, organization: v1}}\n"
	    "  - {model_name: a, litellm_params: {model: openai/m}}\n";
	char ids[8][17];

	(void)state;
	read_ids(CONFIG_SUPERVISOR, text, ids, 8);
	for (size_t i = 0; i < 8; i++) {
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[i], ids[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_quirk_is_true_or_false),
	    TEST(a_number_of_tokens_is_one_above_0),
	    TEST(dropping_holds_for_what_cannot_be_translated_too),
	    TEST(what_a_provider_does_not_take_is_dropped_if_that_is_wanted),
	    TEST(drop_params_for_all_holds_for_those_that_do_not_say_themselves),
	    TEST(a_nested_member_is_not_dropped_and_that_is_a_warning),
	    TEST(wrong_parameters_of_deployments_are_errors),
	    TEST(a_weight_may_have_a_fraction),
	    TEST(each_organization_of_a_list_is_a_deployment),
	    TEST(what_cannot_be_a_header_is_not_sent_and_that_is_a_warning),
	    TEST(each_header_that_frames_a_request_is_left_to_us),
	    TEST(an_id_is_the_same_in_every_process_whatever_the_key),
	    TEST(every_deployment_has_an_id_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
