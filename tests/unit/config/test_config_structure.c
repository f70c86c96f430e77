#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/model.h"
#include "loaded.h"

static void wrong_values_are_errors_with_place_and_expectation(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"- a\n", "1: the file: a list, expected a mapping of sections"},
	    {"text\n", "1: the file: text, expected a mapping of sections"},
	    {"respool: 5\n", "1: respool: text, expected a mapping of settings"},
	    {"general_settings: [a]\n",
		"1: general_settings: a list, expected a mapping of settings"},
	    {"litellm_settings: x\n", "1: litellm_settings: text, expected a mapping of settings"},
	    {"litellm_settings: {responses: x}\n",
		"1: litellm_settings.responses: text, expected a mapping with background_mode"},
	    {"litellm_settings: {responses: {background_mode: x}}\n",
		"1: litellm_settings.responses.background_mode: text, "
		"expected a mapping with polling_via_cache"},
	    {"litellm_settings: {cache_params: redis}\n",
		"1: litellm_settings.cache_params: text, "
		"expected a mapping of the cache's settings"},
	    {"litellm_settings:\n  cache: maybe\n",
		"2: litellm_settings.cache: \"maybe\", expected true or false"},
	    {"litellm_settings:\n  num_retries: 101\n",
		"2: litellm_settings.num_retries: \"101\", expected an integer from 0 to 100"},
	    {"respool:\n  allow_anonymous: 1\n",
		"2: respool.allow_anonymous: \"1\", expected true or false"},
	    {"respool:\n  allow_anonymous: [true]\n",
		"2: respool.allow_anonymous: a list, expected true or false"},
	    {"respool:\n  lease_seconds: 0\n",
		"2: respool.lease_seconds: \"0\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: -5\n",
		"2: respool.lease_seconds: \"-5\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 15s\n",
		"2: respool.lease_seconds: \"15s\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 1.5\n",
		"2: respool.lease_seconds: \"1.5\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 010\n",
		"2: respool.lease_seconds: \"010\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 0x10\n",
		"2: respool.lease_seconds: \"0x10\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: ' 5'\n",
		"2: respool.lease_seconds: \" 5\", expected an integer from 1 to 3600"},
	    {"respool:\n  lease_seconds: 4294967297\n",
		"2: respool.lease_seconds: \"4294967297\", expected an integer from 1 to 3600"},
	    {"respool:\n  max_queue: 99999999999999999999\n",
		"2: respool.max_queue: \"99999999999999999999\", "
		"expected an integer from 1 to 1000000000"},
	    {"respool:\n  max_response_bytes: 536870913\n",
		"2: respool.max_response_bytes: \"536870913\", "
		"expected an integer from 1 to 209715200"},
	    {"respool:\n  max_streams: {a: b}\n",
		"2: respool.max_streams: a mapping, expected an integer from 1 to 1000000"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n      ttl: 0\n",
		"4: litellm_settings.responses.background_mode.ttl: \"0\", "
		"expected an integer from 1 to 315360000"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache: openai\n",
		"4: litellm_settings.responses.background_mode.polling_via_cache: "
		"some other text, expected \"all\", a list of providers, or false"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache: true\n",
		"4: litellm_settings.responses.background_mode.polling_via_cache: "
		"some other text, expected \"all\", a list of providers, or false"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache: {openai: true}\n",
		"4: litellm_settings.responses.background_mode.polling_via_cache: "
		"a mapping, expected \"all\", a list of providers, or false"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      polling_via_cache:\n        - openai\n        - [azure]\n",
		"6: litellm_settings.responses.background_mode.polling_via_cache[1]: "
		"a list, expected a provider's name"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      native_background_mode: o3\n",
		"4: litellm_settings.responses.background_mode.native_background_mode: "
		"text, expected a list of models' names"},
	    {"litellm_settings:\n  responses:\n    background_mode:\n"
	     "      native_background_mode: [null]\n",
		"4: litellm_settings.responses.background_mode.native_background_mode[0]: "
		"nothing, expected a model's name"},
	    {"respool:\n  max_queue: 1\n  drain_seconds: 2\n  max_queue: 3\n",
		"4: respool.max_queue: given again, expected once (first in line 2)"},
	    {"respool: {}\nrespool: {}\n",
		"2: respool: given again, expected once (first in line 1)"},
	    {"respool:\n  ? [a]\n  : b\n",
		"2: respool.?: not a name, expected a key of plain text"},
	    {"respool:\n  \"lease\\nseconds\": 1\n  \"lease\\nseconds\": 2\n",
		"3: respool.lease\\x0aseconds: given again, expected once (first in line 2)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error(cases[i].text, cases[i].message);
}

static void all_errors_of_a_file_are_reported(void **state)
{
	struct result result = load_as(CONFIG_SUPERVISOR, "model_list:\n"
							  "  - model_name: m\n"
							  "    litellm_params: {timeout: x}\n"
							  "  - litellm_params: {model: groq/b}\n"
							  "litellm_settings:\n"
							  "  cache: perhaps\n"
							  "respool:\n"
							  "  max_queue: 0\n"
							  "  max_streams: 0\n");

	(void)state;
	assert_null(result.config);
	assert_holds(result.errors, "config.yaml:3: model_list[0].litellm_params.model: missing");
	assert_holds(result.errors, "config.yaml:3: model_list[0].litellm_params.timeout: \"x\"");
	assert_holds(result.errors, "config.yaml:4: model_list[1].model_name: missing");
	assert_holds(result.errors, "config.yaml:6: litellm_settings.cache: \"perhaps\"");
	assert_holds(result.errors, "config.yaml:8: respool.max_queue: \"0\"");
	assert_holds(result.errors, "config.yaml:9: respool.max_streams: \"0\"");
	assert_int_equal(count_of(result.errors, "\n"), 6);
	done(&result);
}

static void a_syntax_error_names_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *line;
	} cases[] = {
	    {"respool:\n  a: [1,\n", "config.yaml:3: "},
	    {"respool:\n\tmax_queue: 1\n", "config.yaml:2: "},
	    {"respool:\n  a: 'open\n", "config.yaml:3: "},
	    {"a: b: c\n", "config.yaml:1: "},
	    {"a: *nowhere\n", "config.yaml:1: "},
	    {"a: 1\nb: 2\nc: \xff\n", "config.yaml:3: "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result result = load(cases[i].text);

		assert_null(result.config);
		assert_memory_equal(result.errors, cases[i].line, strlen(cases[i].line));
		assert_holds(result.errors, ", expected valid YAML\n");
		assert_int_equal(count_of(result.errors, "\n"), 1);
		done(&result);
	}
}

static void a_second_document_is_an_error(void **state)
{
	struct result result;

	(void)state;
	assert_error("respool: {}\n---\nrespool: {}\n", "3: a second document, expected only one");
	result = load_right(CONFIG_SUPERVISOR, "---\nrespool: {}\n...\n");
	done(&result);
}

static void an_unreadable_file_is_an_error_with_the_reason(void **state)
{
	struct result result;

	(void)state;
	result = load_path("missing.yaml", CONFIG_RESPONDER);
	assert_null(result.config);
	assert_string_equal(
	    result.errors, "missing.yaml: cannot be opened: No such file or directory\n");
	done(&result);
	result = load_path(".", CONFIG_RESPONDER);
	assert_null(result.config);
	assert_string_equal(result.errors, ".: cannot be read: Is a directory\n");
	done(&result);
}

static void a_file_without_an_end_is_an_error(void **state)
{
	struct result result = load_path("/dev/zero", CONFIG_RESPONDER);

	(void)state;
	assert_null(result.config);
	assert_string_equal(
	    result.errors, "/dev/zero: too large, expected at most 16777216 bytes\n");
	done(&result);
}

static void anchors_aliases_and_merge_keys_resolve(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "defaults: &defaults\n"
	    "  api_base: http://127.0.0.1:9/v1\n"
	    "  timeout: 5\n"
	    "more: &more {timeout: 6, stream_timeout: 7}\n"
	    "model_list:\n"
	    "  - model_name: &name gpt-5\n"
	    "    litellm_params: {<<: *defaults, model: openai/a, api_key: &key sk-1}\n"
	    "  - model_name: *name\n"
	    "    litellm_params: {<<: [*more, *defaults], model: openai/b, api_key: *key}\n");
	const struct deployment *deployments = result.config->deployments;

	(void)state;
	assert_string_equal(deployments[0].api_base, "http://127.0.0.1:9/v1");
	assert_int_equal((int)deployments[0].timeout, 5);
	assert_string_equal(deployments[1].model_name, "gpt-5");
	assert_string_equal(deployments[1].api_key, "sk-1");
	assert_string_equal(deployments[1].api_base, "http://127.0.0.1:9/v1");
	assert_int_equal((int)deployments[1].timeout, 6);
	assert_int_equal((int)deployments[1].stream_timeout, 7);
	done(&result);
}

static void a_members_own_key_wins_over_a_merged_one(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, "base: &base {lease_seconds: 1, max_attempts: 9}\n"
					  "respool: {lease_seconds: 2, <<: *base}\n");

	(void)state;
	assert_int_equal(result.config->lease_seconds, 2);
	assert_int_equal(result.config->max_attempts, 9);
	done(&result);
}

static void a_merge_that_holds_itself_is_an_error(void **state)
{
	(void)state;
	assert_error("respool: &a\n  <<: *a\n",
	    "1: respool.<<: merges nested too deep, expected at most 8 levels");
	assert_error("respool: {<<: text}\n",
	    "1: respool.<<: text, expected a mapping or a list of mappings");
}

static void a_list_that_holds_itself_is_an_error(void **state)
{
	struct result result = load("model_list: &a [*a]\nrespool: {api_keys: &b [*b]}\n");

	(void)state;
	assert_null(result.config);
	assert_holds(result.errors, "config.yaml:1: model_list[0]: a list, expected a mapping");
	assert_holds(
	    result.errors, "config.yaml:2: respool.api_keys[0]: a list, expected a mapping");
	done(&result);
}

static void any_number_of_deployments_may_have_what_is_merged(void **state)
{
	enum { DEPLOYMENTS = 1500 };
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	struct result result;

	(void)state;
	assert_non_null(file);
	fputs("x: &x {api_key: k}\nmodel_list:\n", file);
	for (int i = 0; i < DEPLOYMENTS; i++)
		fprintf(
		    file, "  - {model_name: a, litellm_params: {<<: *x, model: openai/%d}}\n", i);
	fclose(file);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_int_equal(result.config->deployment_count, DEPLOYMENTS);
	assert_string_equal(result.config->deployments[DEPLOYMENTS - 1].api_key, "k");
	done(&result);
	free(text);
}

static void merges_without_end_are_one_error(void **state)
{
	struct result result = load("a: &a {x: 1}\n"
				    "b: &b {<<: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]}\n"
				    "c: &c {<<: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]}\n"
				    "d: &d {<<: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]}\n"
				    "respool: {<<: *d}\n"
				    "general_settings: {<<: *d}\n");

	(void)state;
	assert_null(result.config);
	assert_holds(result.errors, ": merges without end, expected at most 1000\n");
	assert_int_equal(count_of(result.errors, "\n"), 1);
	done(&result);
}

static void the_digits_of_a_number_may_be_set_apart(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: openai/a, api_key: k, rpm: 100_000, timeout: 1_000.5}\n");

	(void)state;
	assert_int_equal(result.config->deployments[0].rpm, 100000);
	assert_true(result.config->deployments[0].timeout == 1000.5);
	done(&result);
	assert_error("litellm_settings: {num_retries: _1}\n",
	    "1: litellm_settings.num_retries: \"_1\", expected an integer from 0 to 100");
	assert_error("litellm_settings: {num_retries: "
		     "0_____________________________________________________x}\n",
	    "1: litellm_settings.num_retries: "
	    "\"0_____________________________________________________x\", expected an integer "
	    "from 0 to 100");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(wrong_values_are_errors_with_place_and_expectation),
	    TEST(all_errors_of_a_file_are_reported),
	    TEST(a_syntax_error_names_its_line),
	    TEST(a_second_document_is_an_error),
	    TEST(an_unreadable_file_is_an_error_with_the_reason),
	    TEST(a_file_without_an_end_is_an_error),
	    TEST(anchors_aliases_and_merge_keys_resolve),
	    TEST(a_members_own_key_wins_over_a_merged_one),
	    TEST(a_merge_that_holds_itself_is_an_error),
	    TEST(a_list_that_holds_itself_is_an_error),
	    TEST(any_number_of_deployments_may_have_what_is_merged),
	    TEST(merges_without_end_are_one_error),
	    TEST(the_digits_of_a_number_may_be_set_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
