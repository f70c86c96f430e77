#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loaded.h"

static const char model_a[] = "model_list:\n"
			      "  - model_name: a\n"
			      "    litellm_params: {model: openai/a, api_key: k}\n";
static const char model_b[] = "model_list:\n"
			      "  - model_name: b\n"
			      "    litellm_params: {model: openai/b, api_key: k}\n";

static void assert_models(const struct result *result, const char *names)
{
	char found[64] = "";

	assert_string_equal(result->errors, "");
	for (size_t i = 0; i < result->config->deployment_count; i++) {
		strcat(found, i != 0 ? " " : "");
		strcat(found, result->config->deployments[i].model_name);
	}
	assert_string_equal(found, names);
}

static void lists_of_an_included_file_continue_those_of_the_file(void **state)
{
	char text[512];
	struct result result;

	(void)state;
	write_beside("more.yaml", model_b);
	snprintf(text, sizeof(text), "include: [more.yaml]\n%s", model_a);
	result = load(text);
	assert_models(&result, "a b");
	done(&result);
}

static void one_file_may_be_included_without_a_list(void **state)
{
	struct result result;

	(void)state;
	write_beside("more.yaml", model_b);
	result = load("include: more.yaml\nrespool: {allow_anonymous: true}\n");
	assert_models(&result, "b");
	assert_string_equal(result.log, "");
	done(&result);
}

static void a_section_of_an_included_file_takes_the_place_of_the_one_before(void **state)
{
	struct result result;

	(void)state;
	write_beside("more.yaml", "\nlitellm_settings: {allowed_fails: 7}\n");
	result = load("litellm_settings: {num_retries: 9, allowed_fails: 5}\n"
		      "include: [more.yaml]\n");
	assert_int_equal(result.config->allowed_fails, 7);
	assert_int_equal(result.config->num_retries, 2);
	assert_holds(result.log,
	    "more.yaml:2: litellm_settings: takes the place of the one in config.yaml:1\n");
	done(&result);
}

static void what_is_included_includes_others_beside_itself(void **state)
{
	struct result result;

	(void)state;
	assert_int_equal(mkdir("parts", 0700), 0);
	write_beside(
	    "parts/more.yaml", "include: [last.yaml]\nlitellm_settings: {num_retries: 4}\n");
	write_beside("parts/last.yaml", model_b);
	write_beside("last.yaml", model_a);
	result = load("include: [parts/more.yaml]\n");
	assert_models(&result, "b");
	assert_int_equal(result.config->num_retries, 4);
	done(&result);
}

static void what_does_not_stand_beside_it_may_stand_beside_the_first_file(void **state)
{
	struct result result;

	(void)state;
	assert_int_equal(mkdir("parts", 0700), 0);
	write_beside("parts/more.yaml", "include: last.yaml\n");
	write_beside("last.yaml", model_a);
	result = load("include: [parts/more.yaml]\n");
	assert_models(&result, "a");
	done(&result);
}

static void what_a_file_includes_comes_after_what_is_included_beside_it(void **state)
{
	struct result result;

	(void)state;
	write_beside("one.yaml", "include: deep.yaml\nlitellm_settings: {num_retries: 1}\n");
	write_beside("deep.yaml", "litellm_settings: {num_retries: 3}\n");
	write_beside("two.yaml", "litellm_settings: {num_retries: 5}\n");
	result = load("include: [one.yaml, two.yaml]\n");
	assert_int_equal(result.config->num_retries, 3);
	done(&result);
}

static void a_file_that_two_include_is_read_once(void **state)
{
	struct result result;

	(void)state;
	write_beside("one.yaml", "include: shared.yaml\n");
	write_beside("two.yaml", "include: ./shared.yaml\n");
	write_beside("shared.yaml", model_b);
	result = load("include: [one.yaml, two.yaml]\n");
	assert_models(&result, "b");
	done(&result);
}

static void a_loop_is_an_error(void **state)
{
	(void)state;
	write_beside("more.yaml", "include: config.yaml\n");
	write_beside("config.yaml", "include: more.yaml\n");
	struct result result = load_path("config.yaml", CONFIG_RESPONDER);

	assert_string_equal(result.errors,
	    "more.yaml:1: include: config.yaml leads back to itself, expected no loop\n");
	done(&result);
	assert_error("include: [./config.yaml]\n",
	    "1: include: ./config.yaml leads back to itself, expected no loop");
}

static void a_file_that_is_missing_is_an_error(void **state)
{
	(void)state;
	assert_error("# first\ninclude:\n  - gone.yaml\n",
	    "3: include: gone.yaml cannot be opened: No such file or directory, expected a file "
	    "that can be read");
	assert_error("include: .\n",
	    "1: include: . cannot be read: Is a directory, expected a file that can be read");
	assert_error("include: [[a]]\n", "1: include: a list, expected the path of a file");
}

static void errors_and_warnings_name_the_file_in_which_a_value_stands(void **state)
{
	struct result result;

	(void)state;
	write_beside("more.yaml", "model_list:\n"
				  "  - model_name: b\n"
				  "    litellm_params: {model: openai/b, timeout: never}\n"
				  "    strange: 1\n"
				  "  - litellm_params: {model: openai/b}\n"
				  "router_settings:\n"
				  "  fallbacks: [{b: [gone]}]\n"
				  "respool: {default_deployment: gone}\n");
	result = load("general_settings: {strange: 1}\ninclude: more.yaml\n");
	assert_string_equal(result.errors,
	    "more.yaml:3: model_list[0].litellm_params.timeout: \"never\", expected a number of "
	    "seconds above 0 and up to 604800\n"
	    "more.yaml:5: model_list[1].model_name: missing, expected the name that clients use\n"
	    "more.yaml:8: respool.default_deployment: \"gone\", expected a model that model_list "
	    "has\n");
	assert_holds(
	    result.log, "config.yaml:1: general_settings.strange: not implemented, ignored\n");
	assert_holds(result.log, "more.yaml:4: model_list[].strange: not implemented, ignored\n");
	assert_holds(result.log, "more.yaml:7: router_settings.fallbacks: model_list has no");
	done(&result);
}

static void an_included_file_that_is_wrong_is_an_error(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
	    {"a: [", "more.yaml:2: "},
	    {"", "more.yaml: the file is empty, expected a mapping of sections\n"},
	    {"- a\n", "more.yaml:1: the file: a list, expected a mapping of sections\n"},
	    {"respool: {}\nrespool: {}\n",
		"more.yaml:2: respool: given again, expected once (first in line 1)\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result result;

		write_beside("more.yaml", cases[i].text);
		result = load("include: more.yaml\n");
		assert_null(result.config);
		assert_int_equal(strncmp(result.errors, cases[i].error, strlen(cases[i].error)), 0);
		assert_int_equal(count_of(result.errors, "\n"), 1);
		done(&result);
	}
}

static void anchors_and_merges_of_an_included_file_are_its_own(void **state)
{
	struct result result;

	(void)state;
	write_beside("more.yaml", "x: &x {model: openai/b, api_key: k, rpm: 5}\n"
				  "model_list:\n"
				  "  - {model_name: b, litellm_params: {<<: *x, rpm: 6}}\n"
				  "  - {model_name: c, litellm_params: *x}\n");
	result = load("x: &x 1\ninclude: more.yaml\n");
	assert_models(&result, "b c");
	assert_int_equal(result.config->deployments[0].rpm, 6);
	assert_int_equal(result.config->deployments[1].rpm, 5);
	done(&result);
}

static void the_configuration_is_as_old_as_its_newest_file(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
	const struct timespec newer[2] = {{.tv_sec = 2000000}, {.tv_sec = 2000000}};
	struct result result;

	(void)state;
	write_beside("more.yaml", model_b);
	write_beside("config.yaml", "include: more.yaml\n");
	assert_int_equal(utimensat(AT_FDCWD, "config.yaml", old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, "more.yaml", newer, 0), 0);
	result = load_path("config.yaml", CONFIG_RESPONDER);
	assert_int_equal(result.config->modified, 2000000);
	done(&result);
	assert_int_equal(utimensat(AT_FDCWD, "more.yaml", old, 0), 0);
	result = load_path("config.yaml", CONFIG_RESPONDER);
	assert_int_equal(result.config->modified, 1000000);
	done(&result);
}

static void a_reload_reads_what_is_included_again(void **state)
{
	struct result result;

	(void)state;
	write_beside("more.yaml", model_b);
	result = load("include: more.yaml\n");
	assert_models(&result, "b");
	write_beside("more.yaml", model_a);
	assert_true(config_reload(&result.config, file_name, CONFIG_RESPONDER));
	assert_models(&result, "a");
	unlink("more.yaml");
	assert_false(config_reload(&result.config, file_name, CONFIG_RESPONDER));
	assert_models(&result, "a");
	done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(lists_of_an_included_file_continue_those_of_the_file),
	    TEST(one_file_may_be_included_without_a_list),
	    TEST(a_section_of_an_included_file_takes_the_place_of_the_one_before),
	    TEST(what_is_included_includes_others_beside_itself),
	    TEST(what_does_not_stand_beside_it_may_stand_beside_the_first_file),
	    TEST(what_a_file_includes_comes_after_what_is_included_beside_it),
	    TEST(a_file_that_two_include_is_read_once),
	    TEST(a_loop_is_an_error),
	    TEST(a_file_that_is_missing_is_an_error),
	    TEST(errors_and_warnings_name_the_file_in_which_a_value_stands),
	    TEST(an_included_file_that_is_wrong_is_an_error),
	    TEST(anchors_and_merges_of_an_included_file_are_its_own),
	    TEST(the_configuration_is_as_old_as_its_newest_file),
	    TEST(a_reload_reads_what_is_included_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
