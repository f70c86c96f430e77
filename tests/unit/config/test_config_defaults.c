#include <stdio.h>
#include <string.h>

#include "loaded.h"

/* A deployment with that in its litellm_params, beside its model. */
static const char *with(const char *model, const char *params)
{
	static char text[8192];

	snprintf(text, sizeof(text),
	    "model_list:\n- model_name: m\n  litellm_params:\n    model: %s\n%s", model, params);
	return text;
}

static bool is_or_null(const char *text, const char *expected)
{
	return expected == NULL ? text == NULL : text != NULL && strcmp(text, expected) == 0;
}

static const struct request_default *find(
    const struct deployment *deployment, const char *name, const char *member)
{
	for (size_t i = 0; i < deployment->default_count; i++) {
		const struct request_default *found = &deployment->defaults[i];

		if (is_or_null(found->member, member) && is_or_null(found->name, name))
			return found;
	}
	fail_msg("no default of %s", member != NULL ? member : name);
	return NULL;
}

static void expect(const char *params, const char *name, const char *member, const char *value)
{
	struct result result = load_right(CONFIG_SUPERVISOR, with("openai/up", params));
	const struct request_default *found = find(&result.config->deployments[0], name, member);

	assert_string_equal(found->value, value);
	assert_null(found->chat_value);
	done(&result);
}

static void expect_shaped(const char *params, const char *name, const char *member,
    const char *chat_value, const char *value)
{
	struct result result = load_right(CONFIG_SUPERVISOR, with("openai/up", params));
	const struct request_default *found = find(&result.config->deployments[0], name, member);

	assert_string_equal(found->value, value);
	assert_string_equal(found->chat_value, chat_value);
	done(&result);
}

static void expect_wrong(const char *params, const char *message)
{
	char line[512];

	snprintf(line, sizeof(line), "5: model_list[0].litellm_params.%s", message);
	assert_error_as(CONFIG_SUPERVISOR, with("openai/up", params), line);
}

#define SAME(params, member, value) expect("    " member ": " params "\n", member, member, value)

static void members_of_both_apis_are_as_they_are(void **state)
{
	(void)state;
	SAME("0.2", "temperature", "0.2");
	SAME("1", "top_p", "1");
	SAME("-.5", "presence_penalty", "-0.5");
	SAME("+2.", "frequency_penalty", "2");
	SAME("3", "top_logprobs", "3");
	SAME("flex", "service_tier", "\"flex\"");
	SAME("\"12\"", "user", "\"12\"");
	SAME("{team: a, b: 'true'}", "metadata", "{\"team\":\"a\",\"b\":\"true\"}");
	SAME("False", "store", "false");
	SAME("no", "parallel_tool_calls", "false");
	SAME("required", "tool_choice", "\"required\"");
	SAME("[{type: web_search}]", "tools", "[{\"type\":\"web_search\"}]");
}

static void members_have_the_words_of_both_apis(void **state)
{
	(void)state;
	expect("    reasoning_effort: high\n", "reasoning_effort", "reasoning.effort", "\"high\"");
	expect(
	    "    reasoning_effort: disable\n", "reasoning_effort", "reasoning.effort", "\"none\"");
	expect("    verbosity: low\n", "verbosity", "text.verbosity", "\"low\"");
	expect("    max_tokens: 5\n", "max_tokens", "max_output_tokens", "5");
	expect("    max_completion_tokens: 6\n", "max_tokens", "max_output_tokens", "6");
	expect("    max_output_tokens: 7\n", "max_tokens", "max_output_tokens", "7");
	expect("    response_format: {type: json_object}\n", "response_format", "text.format",
	    "{\"type\":\"json_object\"}");
	expect("    instructions: |\n      Be\n      brief.\n", NULL, "instructions",
	    "\"Be\\nbrief.\\n\"");
	expect("    truncation: auto\n", NULL, "truncation", "\"auto\"");
	expect("    stop: [a, b]\n", "stop", NULL, "[\"a\",\"b\"]");
	expect("    seed: 0\n", "seed", NULL, "0");
	expect("    logit_bias: {12481: 100}\n", "logit_bias", NULL, "{\"12481\":100}");
}

static void objects_of_this_api_are_taken_member_by_member(void **state)
{
	static const char both[] =
	    "    reasoning: {effort: low, summary: auto, generate_summary: ~}\n"
	    "    reasoning_effort: high\n"
	    "    text: {verbosity: low, format: {type: text}}\n";

	(void)state;
	expect(both, "reasoning_effort", "reasoning.effort", "\"low\"");
	expect(both, NULL, "reasoning.summary", "\"auto\"");
	expect(both, "verbosity", "text.verbosity", "\"low\"");
	expect(both, NULL, "text.format", "{\"type\":\"text\"}");
	expect("    reasoning_effort: {effort: low, summary: auto}\n", NULL, "reasoning.summary",
	    "\"auto\"");
}

static void nested_shapes_of_chat_completions_become_flat(void **state)
{
	(void)state;
	expect_shaped("    response_format: {type: json_schema, json_schema: {name: a, schema: "
		      "{type: object}, strict: true}}\n",
	    "response_format", "text.format",
	    "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{\"type\":"
	    "\"object\"},\"strict\":true}}",
	    "{\"type\":\"json_schema\",\"name\":\"a\",\"schema\":{\"type\":\"object\"},"
	    "\"strict\":true}");
	expect_shaped("    tools: [{type: function, function: {name: f, parameters: {}}}, "
		      "{type: web_search}]\n",
	    "tools", "tools",
	    "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}},"
	    "{\"type\":\"web_search\"}]",
	    "[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{}},{\"type\":\"web_search\"}]");
	expect_shaped("    tool_choice: {type: function, function: {name: f}}\n", "tool_choice",
	    "tool_choice", "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}",
	    "{\"type\":\"function\",\"name\":\"f\"}");
}

static void wrong_types_are_errors(void **state)
{
	(void)state;
	expect_wrong("    temperature: warm\n", "temperature: \"warm\", expected a number");
	expect_wrong("    temperature: [1]\n", "temperature: a list, expected a number");
	expect_wrong("    seed: 1.5\n", "seed: \"1.5\", expected an integer");
	expect_wrong("    seed: 010\n", "seed: a number that begins with 0, expected an integer");
	expect_wrong("    store: 1\n", "store: \"1\", expected true or false");
	expect_wrong("    user: [a]\n", "user: a list, expected text");
	expect_wrong("    store: 'null'\n", "store: \"null\", expected true or false");
	expect_wrong("    metadata: a\n", "metadata: \"a\", expected a mapping");
	expect_wrong("    include: a\n", "include: \"a\", expected a list of texts");
	expect_wrong("    reasoning: high\n", "reasoning: \"high\", expected a mapping");
	expect_wrong("    tools: [a]\n", "tools: one that is no mapping, expected a list of tools, "
					 "each a mapping with a type");
	expect_wrong("    response_format: {}\n",
	    "response_format: a mapping without one, expected a mapping with a type");
	expect_wrong("    response_format: {type: json_schema, json_schema: {name: a}}\n",
	    "response_format: a json_schema without a schema, expected one with json_schema.name "
	    "and json_schema.schema");
	expect_wrong("    extra_body: [a]\n",
	    "extra_body: a list, expected a mapping of members of a request");
	expect_wrong("    n: two\n", "n: \"two\", expected an integer");
}

static void quotes_do_not_matter_where_one_type_is_expected(void **state)
{
	(void)state;
	expect("    temperature: '0.5'\n", "temperature", "temperature", "0.5");
	expect("    seed: \"7\"\n", "seed", NULL, "7");
	expect("    store: 'False'\n", "store", "store", "false");
	expect("    user: 0012\n", "user", "user", "\"0012\"");
	expect("    stop: 3\n", "stop", NULL, "\"3\"");
	expect("    stop: [3, '4']\n", "stop", NULL, "[3,\"4\"]");
	expect("    metadata: {a: '1', b: 2}\n", "metadata", "metadata", "{\"a\":\"1\",\"b\":2}");
}

static void a_value_may_be_in_a_variable(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_A", "0.25", 1);
	expect("    temperature: os.environ/TEST_A\n", "temperature", "temperature", "0.25");
	expect("    user: os.environ/TEST_A\n", "user", "user", "\"0.25\"");
	setenv("TEST_A", "secret", 1);
	expect_wrong("    temperature: os.environ/TEST_A\n",
	    "temperature: the value of environment variable TEST_A, expected a number");
	expect_wrong("    metadata: {a: os.environ/TEST_B}\n",
	    "metadata.a: environment variable TEST_B is not set, expected a mapping");
	result = load_right(CONFIG_RESPONDER,
	    with("openai/up", "    api_key: k\n    metadata: {a: os.environ/TEST_B}\n"));
	assert_string_equal(result.config->deployments[0].missing, "TEST_B");
	assert_int_equal(result.config->deployments[0].default_count, 0);
	done(&result);
}

static void what_the_responses_api_lacks_is_named_once(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, with("openai/up", "    seed: 1\n    n: 1\n"));

	(void)state;
	assert_holds(result.log,
	    "config.yaml:3: model_list[0].litellm_params: seed is not sent with "
	    "responses: the Responses API has nothing like it\n");
	assert_int_equal(count_of(result.log, "\n"), 1);
	done(&result);
	result = load_right(
	    CONFIG_SUPERVISOR, with("anthropic/up", "    seed: 1\n    n: 2\n    max_tokens: 9\n"));
	assert_holds(result.log,
	    "config.yaml:6: model_list[0].litellm_params.n: a response has one answer: not sent\n");
	assert_int_equal(count_of(result.log, "\n"), 1);
	done(&result);
}

static void an_extra_body_is_what_yaml_takes_it_for(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    with("openai/up",
		"    extra_body:\n"
		"      a: [1, 2.50, -1e-3, true, ~, text, '1', 1_0, .inf, v1.2, 1.2.3, -, '']\n"
		"      \"b\\\"\": {c: {}, d: []}\n"
		"      e: \"\\0\"\n"));

	(void)state;
	assert_string_equal(result.config->deployments[0].extra_body,
	    "{\"a\":[1,2.50,-1e-3,true,null,\"text\",\"1\",\"1_0\",\".inf\",\"v1.2\",\"1.2.3\","
	    "\"-\",\"\"],\"b\\\"\":{\"c\":{},\"d\":[]},\"e\":\"\\u0000\"}");
	done(&result);
}

static void a_value_has_an_end(void **state)
{
	static const char aliases[] = "    user: &a [x, x, x, x, x, x, x, x, x, x]\n"
				      "    extra_body: {a: &b [*a, *a, *a, *a, *a, *a, *a, *a], "
				      "b: &c [*b, *b, *b, *b, *b, *b, *b, *b], "
				      "c: &d [*c, *c, *c, *c, *c, *c, *c, *c], "
				      "d: &e [*d, *d, *d, *d, *d, *d, *d, *d], "
				      "e: [*e, *e, *e, *e, *e, *e, *e, *e]}\n";
	struct result result = load_as(CONFIG_SUPERVISOR, with("openai/up", aliases));

	(void)state;
	assert_null(result.config);
	assert_holds(result.errors, "more than 1048576 bytes, expected a mapping of members");
	assert_int_equal(count_of(result.errors, "\n"), 2);
	done(&result);
	result = load_as(CONFIG_SUPERVISOR, with("openai/up", "    extra_body: &a {b: *a}\n"));
	assert_null(result.config);
	done(&result);
}

static void each_organization_has_the_defaults(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    with("openai/up", "    organization: [a, b]\n    temperature: 0\n    seed: 1\n"
			      "    extra_body: {x: 1}\n"));
	const struct deployment *deployments = result.config->deployments;

	(void)state;
	assert_int_equal(result.config->deployment_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(
		    find(&deployments[i], "temperature", "temperature")->value, "0");
		assert_string_equal(find(&deployments[i], "seed", NULL)->value, "1");
		assert_string_equal(deployments[i].extra_body, "{\"x\":1}");
	}
	done(&result);
}

static void a_deployment_may_have_an_id_in_model_info(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "- {model_name: a, litellm_params: {model: openai/a}, model_info: {id: my-id}}\n"
	    "- {model_name: b, litellm_params: {model: openai/b}, model_info: {id: 7}}\n"
	    "- {model_name: c, litellm_params: {model: openai/c}}\n");

	(void)state;
	assert_string_equal(result.config->deployments[0].litellm_id, "my-id");
	assert_string_equal(result.config->deployments[1].litellm_id, "7");
	assert_non_null(result.config->deployments[2].litellm_id);
	done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(members_of_both_apis_are_as_they_are),
	    TEST(members_have_the_words_of_both_apis),
	    TEST(objects_of_this_api_are_taken_member_by_member),
	    TEST(nested_shapes_of_chat_completions_become_flat),
	    TEST(wrong_types_are_errors),
	    TEST(quotes_do_not_matter_where_one_type_is_expected),
	    TEST(a_value_may_be_in_a_variable),
	    TEST(what_the_responses_api_lacks_is_named_once),
	    TEST(an_extra_body_is_what_yaml_takes_it_for),
	    TEST(a_value_has_an_end),
	    TEST(each_organization_has_the_defaults),
	    TEST(a_deployment_may_have_an_id_in_model_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
