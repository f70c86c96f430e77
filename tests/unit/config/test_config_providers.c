#include <stdio.h>
#include <stdlib.h>

#include "common/config/model.h"
#include "loaded.h"

static void a_model_that_begins_with_a_star_leaves_the_provider_open(void **state)
{
	static const struct {
		const char *params;
		bool any;
	} cases[] = {
	    {"model: '*'", true},
	    {"model: 'openai/*'", false},
	    {"model: '*', custom_llm_provider: groq", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: '*', litellm_params: {%s}}]\n", cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_int_equal(result.config->deployments[0].any_provider, cases[i].any);
		done(&result);
	}
}

static void the_provider_is_taken_off_the_model(void **state)
{
	static const struct {
		const char *params;
		const char *provider;
		const char *model;
	} cases[] = {
	    {"model: openai/gpt-5", "openai", "gpt-5"},
	    {"model: gpt-5", "openai", "gpt-5"},
	    {"model: openrouter/maker/model", "openrouter", "maker/model"},
	    {"model: 'openai/*'", "openai", "*"},
	    {"model: '*'", "openai", "*"},
	    {"model: gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: groq/gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: openai/gpt-oss, custom_llm_provider: groq", "groq", "openai/gpt-oss"},
	    {"model: groqq/gpt-5, custom_llm_provider: groq", "groq", "groqq/gpt-5"},
	    {"model: openai/responses/gpt-5", "openai", "gpt-5"},
	    {"model: azure/responses/gpt-5", "azure", "gpt-5"},
	    {"model: 'openai/responses/*'", "openai", "*"},
	    {"model: openai/responses/responses/x", "openai", "responses/x"},
	    {"model: responses/gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: groq/responses/gpt-5, custom_llm_provider: groq", "groq", "gpt-5"},
	    {"model: claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"},
	    {"model: 'claude-*'", "anthropic", "claude-*"},
	    {"model: gemini-2.5-pro", "gemini", "gemini-2.5-pro"},
	    {"model: gemini-2.5-pro, vertex_project: p", "vertex_ai", "gemini-2.5-pro"},
	    {"model: grok-3, custom_llm_provider: openai", "openai", "grok-3"},
	    {"model: llama3, api_base: 'http://127.0.0.1:1'", "openai", "llama3"},
	    {"model: grok-3, api_base: 'http://127.0.0.1:1'", "xai", "grok-3"},
	    {"model: llama3, api_base: 'https://api.groq.com/openai/v1/'", "groq", "llama3"},
	    {"model: deepseek-r1, api_base: 'https://api.groq.com/openai/v1'", "groq",
		"deepseek-r1"},
	    {"model: my/own, api_base: 'http://127.0.0.1:1'", "my", "own"},
	    {"model: my/own, api_base: 'https://api.groq.com/openai/v1'", "groq", "my/own"},
	    {"model: xai/m, api_base: 'https://api.groq.com/openai/v1'", "xai", "m"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {%s}}]\n", cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_string_equal(result.config->deployments[0].provider, cases[i].provider);
		assert_string_equal(result.config->deployments[0].model, cases[i].model);
		done(&result);
	}
}

static void the_provider_supplies_base_and_key_that_are_not_given(void **state)
{
	struct result result;

	(void)state;
	setenv("OPENAI_API_KEY", "sk-from-openai", 1);
	setenv("GROQ_API_KEY", "", 1);
	result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: openai/a}}\n"
	    "  - {model_name: b, litellm_params: {model: groq/b}}\n"
	    "  - {model_name: c, litellm_params: {model: ollama/c}}\n"
	    "  - {model_name: d, litellm_params: {model: openai/d, api_key: ''}}\n");
	assert_string_equal(result.config->deployments[0].api_base, "https://api.openai.com/v1");
	assert_string_equal(result.config->deployments[0].api_key, "sk-from-openai");
	assert_string_equal(
	    result.config->deployments[1].api_base, "https://api.groq.com/openai/v1");
	assert_null(result.config->deployments[1].api_key);
	assert_string_equal(result.config->deployments[2].api_base, "http://localhost:11434/v1");
	assert_null(result.config->deployments[2].api_key);
	assert_null(result.config->deployments[3].api_key);
	done(&result);
}

static void a_deployment_without_a_known_base_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: unknown\n"
	    "    litellm_params:\n"
	    "      model: never-heard-of/it\n"
	    "  - model_name: mine\n"
	    "    litellm_params: {model: unheard/of, api_base: 'http://127.0.0.1:1'}\n"
	    "  - model_name: named\n"
	    "    litellm_params: {model: it, custom_llm_provider: unheard-of}\n");

	(void)state;
	assert_null(result.config->deployments[0].api_base);
	assert_string_equal(result.config->deployments[1].api_base, "http://127.0.0.1:1");
	assert_null(result.config->deployments[2].api_base);
	assert_holds(result.log, "config.yaml:3: model_list[0].litellm_params: no api_base, and "
				 "none is known for provider \"never-heard-of\": "
				 "the deployment cannot be used");
	assert_holds(result.log, "none is known for provider \"unheard-of\"");
	assert_int_equal(count_of(result.log, "cannot be used"), 2);
	done(&result);
}

static void a_model_of_nobody_s_name_is_an_error_without_an_api_base(void **state)
{
	static const char *const models[] = {"my-model", "llama3.1:8b", "gpt-oss-120b", "gpt*"};

	(void)state;
	setenv("OPENAI_BASE_URL", "http://127.0.0.1:1", 1);
	setenv("TEST_A", "hidden", 1);
	for (size_t i = 0; i < COUNT(models); i++) {
		char text[160], message[320];

		snprintf(text, sizeof(text),
		    "model_list:\n- model_name: m\n  litellm_params:\n    model: '%s'\n",
		    models[i]);
		snprintf(message, sizeof(message),
		    "4: model_list[0].litellm_params.model: \"%s\" cannot be resolved to a "
		    "provider, expected provider/model, or custom_llm_provider or api_base beside "
		    "it",
		    models[i]);
		assert_error_as(CONFIG_RESPONDER, text, message);
		assert_error_as(CONFIG_SUPERVISOR, text, message);
	}
	assert_error("model_list: [{model_name: m, litellm_params: {model: os.environ/TEST_A}}]\n",
	    "1: model_list[0].litellm_params.model: \"os.environ/TEST_A\" cannot be resolved to a "
	    "provider, expected provider/model, or custom_llm_provider or api_base beside it");
}

static void a_key_goes_to_no_provider_but_the_model_s_own(void **state)
{
	struct result result;

	(void)state;
	setenv("OPENAI_API_KEY", "sk-openai", 1);
	setenv("XAI_API_KEY", "sk-xai", 1);
	result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: claude-opus-4-5, api_key: sk-ant}}\n"
	    "  - {model_name: b, litellm_params: {model: grok-3}}\n"
	    "  - {model_name: c, litellm_params: {model: gpt-5}}\n"
	    "  - {model_name: d, litellm_params: {model: medlm-large, api_key: k}}\n");
	assert_string_equal(result.config->deployments[0].api_base, "https://api.anthropic.com");
	assert_string_equal(result.config->deployments[0].api_key, "sk-ant");
	assert_string_equal(result.config->deployments[1].api_base, "https://api.x.ai/v1");
	assert_string_equal(result.config->deployments[1].api_key, "sk-xai");
	assert_string_equal(result.config->deployments[2].api_base, "https://api.openai.com/v1");
	assert_string_equal(result.config->deployments[2].api_key, "sk-openai");
	assert_null(result.config->deployments[3].api_base);
	assert_holds(result.log, "config.yaml:5: model_list[3].litellm_params: provider "
				 "\"vertex_ai\" has an API of its own, which is not spoken here: "
				 "the deployment cannot be used");
	done(&result);
}

static void no_provider_s_key_goes_to_an_api_base_that_alone_says_whose_it_is(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: llama3, api_base: 'http://a'}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/llama3, api_base: 'http://a'}}\n"
	    "  - {model_name: c, litellm_params: {model: ll, api_base: 'http://a', api_key: k}}\n";
	struct result result = load_right(CONFIG_SUPERVISOR, text);

	(void)state;
	assert_lacks(result.log, "its name says");
	done(&result);
	setenv("OPENAI_API_KEY", "sk-openai", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_null(result.config->deployments[0].api_key);
	assert_string_equal(result.config->deployments[1].api_key, "sk-openai");
	assert_string_equal(result.config->deployments[2].api_key, "k");
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: nothing but its "
				 "name says whose the model is: the key in OPENAI_API_KEY is not "
				 "sent to api_base, expected openai/model or api_key if it should "
				 "be\n");
	assert_int_equal(count_of(result.log, "its name says"), 1);
	done(&result);
}

static void no_provider_s_key_goes_to_another_api_base_for_the_model_s_name(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: mistral-7b, api_base: 'http://a'}}\n"
	    "  - {model_name: b, litellm_params: {model: mistral/m, api_base: 'http://a'}}\n"
	    "  - {model_name: c, litellm_params: {model: mistral-small}}\n"
	    "  - {model_name: d, litellm_params: {model: gpt-5, api_base: 'http://a'}}\n"
	    "  - {model_name: e, litellm_params: {model: gpt-neox-20b, api_base: 'http://a'}}\n";
	struct result result;

	(void)state;
	setenv("MISTRAL_API_KEY", "sk-mistral", 1);
	setenv("OPENAI_API_KEY", "sk-openai", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_null(result.config->deployments[0].api_key);
	assert_string_equal(result.config->deployments[1].api_key, "sk-mistral");
	assert_string_equal(result.config->deployments[2].api_key, "sk-mistral");
	assert_string_equal(result.config->deployments[3].api_key, "sk-openai");
	assert_null(result.config->deployments[4].api_key);
	assert_int_equal(count_of(result.log, "its name says"), 2);
	done(&result);
}

static void a_key_that_clients_can_send_to_any_provider_is_a_warning(void **state)
{
	static const struct {
		const char *params;
		size_t warnings;
	} cases[] = {
	    {"model: '*', api_key: k", 1},
	    {"model: '*', api_key: ''", 0},
	    {"model: '*'", 0},
	    {"model: '*', api_key: k, api_base: 'http://a'", 0},
	    {"model: 'openai/*', api_key: k", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160];
		struct result result;

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: '*', litellm_params: {%s}}]\n", cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_int_equal(count_of(result.log, "api_key is sent to whatever provider"),
		    cases[i].warnings);
		done(&result);
	}
}

static void a_file_without_models_is_a_warning(void **state)
{
	static const char *const texts[] = {"{}\n", "model_list:\n", "model_list: []\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct result result = load_right(CONFIG_SUPERVISOR, texts[i]);

		assert_holds(result.log, "config.yaml: model_list: no deployments");
		done(&result);
	}
}

static void wrong_deployments_are_errors(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"model_list: gpt-5\n", "1: model_list: text, expected a list of deployments"},
	    {"model_list: {a: b}\n", "1: model_list: a mapping, expected a list of deployments"},
	    {"model_list:\n - gpt-5\n",
		"2: model_list[0]: text, expected a mapping with model_name and litellm_params"},
	    {"model_list:\n -\n",
		"2: model_list[0]: nothing, expected a mapping with model_name and "
		"litellm_params"},
	    {"model_list:\n - litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: missing, expected the name that clients use"},
	    {"model_list:\n - model_name: m\n",
		"2: model_list[0].litellm_params: missing, expected a mapping with model"},
	    {"model_list:\n - model_name: m\n   litellm_params: openai/m\n",
		"3: model_list[0].litellm_params: text, expected a mapping with model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {timeout: 1}\n",
		"3: model_list[0].litellm_params.model: missing, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: }\n",
		"3: model_list[0].litellm_params.model: missing, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: ''}\n",
		"3: model_list[0].litellm_params.model: nothing in it, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: [m]}\n",
		"3: model_list[0].litellm_params.model: a list, expected provider/model"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: /m}\n",
		"3: model_list[0].litellm_params.model: \"/m\" lacks a name before the /, "
		"expected provider/model"},
	    {"model_list:\n - model_name: 'a*b*'\n   litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: \"a*b*\" with more than one *, "
		"expected one at most"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: 'openai/**'}\n",
		"3: model_list[0].litellm_params.model: \"openai/**\" with more than one *, "
		"expected one at most"},
	    {"model_list:\n - model_name: \"a\\nb\"\n   litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: a control character in it, "
		"expected the name that clients use"},
	    {"model_list:\n - model_name: \"a\\0b\"\n   litellm_params: {model: openai/m}\n",
		"2: model_list[0].model_name: a control character in it, "
		"expected the name that clients use"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: 0}\n",
		"3: model_list[0].litellm_params.timeout: \"0\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, stream_timeout: "
	     "5s}\n",
		"3: model_list[0].litellm_params.stream_timeout: \"5s\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: -1}\n",
		"3: model_list[0].litellm_params.timeout: \"-1\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: .inf}\n",
		"3: model_list[0].litellm_params.timeout: \".inf\", "
		"expected a number of seconds above 0 and up to 604800"},
	    {"model_list:\n - model_name: m\n   litellm_params: {model: openai/m, timeout: "
	     "604800.5}\n",
		"3: model_list[0].litellm_params.timeout: \"604800.5\", "
		"expected a number of seconds above 0 and up to 604800"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error_as(CONFIG_SUPERVISOR, cases[i].text, cases[i].message);
}

static void a_wrong_api_base_is_an_error_that_does_not_show_it(void **state)
{
	static const char *const bases[] = {
	    "api.example/v1", "ftp://hidden/", "https://", "'http:///v1'", "'http://hid den/'"};

	(void)state;
	for (size_t i = 0; i < COUNT(bases); i++) {
		char text[160];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: openai/m, api_base: "
		    "%s}}]\n",
		    bases[i]);
		assert_error_as(CONFIG_SUPERVISOR, text,
		    "1: model_list[0].litellm_params.api_base: not a URL of that kind, "
		    "expected a URL that begins with http:// or https://, "
		    "without query and fragment");
	}
}

static void the_environment_supplies_bases_and_versions_that_are_not_given(void **state)
{
	struct result result;

	(void)state;
	setenv("AZURE_API_BASE", "https://r.openai.azure.com//", 1);
	setenv("AZURE_API_VERSION", "preview", 1);
	setenv("AZURE_OPENAI_API_KEY", "k-first", 1);
	setenv("AZURE_API_KEY", "k-second", 1);
	setenv("HOSTED_VLLM_API_BASE", "http://gpu:8000/v1", 1);
	setenv("OPENAI_API_BASE", "", 1);
	result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: azure/a}}\n"
	    "  - {model_name: b, litellm_params: {model: hosted_vllm/b}}\n"
	    "  - {model_name: c, litellm_params: {model: openai/c}}\n"
	    "  - {model_name: d, litellm_params: {model: azure/d, api_base: 'https://own',\n"
	    "     api_version: 2025-03-01, api_key: k-own}}\n"
	    "  - {model_name: e, litellm_params: {model: vllm/e}}\n");
	assert_string_equal(deployment_of(&result, 0)->api_base, "https://r.openai.azure.com");
	assert_string_equal(deployment_of(&result, 0)->api_version, "preview");
	assert_string_equal(deployment_of(&result, 0)->api_key, "k-first");
	assert_string_equal(deployment_of(&result, 1)->api_base, "http://gpu:8000/v1");
	assert_null(deployment_of(&result, 1)->api_version);
	assert_string_equal(deployment_of(&result, 2)->api_base, "https://api.openai.com/v1");
	assert_string_equal(deployment_of(&result, 3)->api_base, "https://own");
	assert_string_equal(deployment_of(&result, 3)->api_version, "2025-03-01");
	assert_string_equal(deployment_of(&result, 3)->api_key, "k-own");
	assert_string_equal(deployment_of(&result, 4)->api_base, "http://gpu:8000/v1");
	assert_string_equal(result.log, "");
	done(&result);
}

static void a_wrong_base_or_version_in_the_environment_is_an_error_where_it_is_needed(void **state)
{
	static const char text[] =
	    "model_list: [{model_name: m, litellm_params: {model: azure/m}}]\n";
	struct result result;

	(void)state;
	setenv("AZURE_API_BASE", "hidden", 1);
	assert_error_as(CONFIG_SUPERVISOR, text,
	    "1: model_list[0].litellm_params: the value of environment variable AZURE_API_BASE, "
	    "expected a URL that begins with http:// or https://, without query and fragment");
	result = load_right(CONFIG_RESPONDER, text);
	assert_string_equal(deployment_of(&result, 0)->missing, "AZURE_API_BASE");
	assert_lacks(result.log, "hidden");
	done(&result);
	setenv("AZURE_API_BASE", "https://a", 1);
	setenv("AZURE_API_VERSION", "1&hidden", 1);
	assert_error_as(CONFIG_SUPERVISOR, text,
	    "1: model_list[0].litellm_params: the value of environment variable "
	    "AZURE_API_VERSION, expected a version of the provider's API");
}

static void providers_with_an_api_of_their_own_are_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: vertex_ai/g}}\n"
	    "  - {model_name: b, litellm_params: {model: watsonx/g, api_base: 'http://own'}}\n"
	    "  - {model_name: c, litellm_params: {model: replicate/g, api: chat}}\n"
	    "  - {model_name: d, litellm_params: {model: replicate/g, api: chat,"
	    " api_base: 'http://own'}}\n"
	    "  - {model_name: e, litellm_params: {model: anthropic/claude}}\n"
	    "  - {model_name: f, litellm_params: {model: gemini/g}}\n");

	(void)state;
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: provider "
				 "\"vertex_ai\" has an API of its own, which is not spoken here: "
				 "the deployment cannot be used\n");
	assert_holds(result.log, "config.yaml:3: model_list[1].litellm_params: provider "
				 "\"watsonx\" is not known to serve the Responses API, which is "
				 "what will be asked of its api_base: expected api if it is "
				 "another\n");
	assert_holds(result.log, "config.yaml:4: model_list[2].litellm_params: provider "
				 "\"replicate\" has an API of its own");
	assert_int_equal(count_of(result.log, "\n"), 3);
	done(&result);
}

static void an_api_is_one_of_three(void **state)
{
	(void)state;
	assert_error("model_list:\n"
		     "  - model_name: m\n"
		     "    litellm_params:\n"
		     "      model: openai/m\n"
		     "      api: completions\n",
	    "5: model_list[0].litellm_params.api: \"completions\", expected responses, chat or "
	    "messages");
	assert_error(
	    "model_list: [{model_name: m, litellm_params: {model: openai/m, api: [chat]}}]\n",
	    "1: model_list[0].litellm_params.api: a list, expected responses, chat or messages");
}

static void bedrock_is_called_in_its_region(void **state)
{
	static const char text[] =
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: bedrock/openai.gpt-oss-120b-1:0}}\n"
	    "  - {model_name: b, litellm_params: {model: bedrock/b, aws_region_name: eu-west-1}}\n"
	    "  - {model_name: '*', litellm_params: {model: '*'}}\n";
	struct result result = load_right(CONFIG_SUPERVISOR, text);

	(void)state;
	assert_null(result.config->deployments[0].api_base);
	assert_string_equal(result.config->deployments[0].model, "openai.gpt-oss-120b-1:0");
	assert_string_equal(result.config->deployments[1].api_base,
	    "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1");
	assert_null(deployment_base(&result.config->deployments[2], "bedrock/x"));
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: no region is known "
				 "for provider \"bedrock\", expected aws_region_name or "
				 "AWS_REGION_NAME: the deployment cannot be used\n");
	assert_holds(result.log, "config.yaml:3: model_list[1].litellm_params: requests to "
				 "provider \"bedrock\" are not signed, expected api_key or "
				 "AWS_BEARER_TOKEN_BEDROCK: it will refuse them\n");
	assert_int_equal(count_of(result.log, "\n"), 2);
	done(&result);
	setenv("AWS_REGION", "us-west-2", 1);
	setenv("AWS_BEARER_TOKEN_BEDROCK", "token", 1);
	result = load_right(CONFIG_SUPERVISOR, text);
	assert_string_equal(result.config->deployments[0].api_base,
	    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1");
	assert_string_equal(result.config->deployments[0].api_key, "token");
	assert_string_equal(result.config->deployments[1].api_base,
	    "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1");
	assert_string_equal(deployment_base(&result.config->deployments[2], "bedrock/x"),
	    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1");
	assert_string_equal(deployment_key(&result.config->deployments[2], "bedrock/x"), "token");
	assert_string_equal(result.log, "");
	done(&result);
}

static void ways_to_bedrock_are_no_part_of_a_models_name(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params: {model: bedrock/converse/us.amazon.b, aws_region_name: "
	    "eu-west-1}\n"
	    "  - {model_name: 'bedrock/*', litellm_params: {model: 'bedrock/*'}}\n");
	char *name = model_upstream_name(&result.config->deployments[0], "a");

	(void)state;
	assert_string_equal(name, "us.amazon.b");
	free(name);
	name = model_upstream_name(&result.config->deployments[1], "bedrock/invoke/meta.c");
	assert_string_equal(name, "meta.c");
	free(name);
	done(&result);
}

static void a_region_is_no_part_of_another_host(void **state)
{
	(void)state;
	assert_error("model_list:\n"
		     "  - model_name: m\n"
		     "    litellm_params: {model: bedrock/m, aws_region_name: evil.example/}\n",
	    "3: model_list[0].litellm_params.aws_region_name: a character that no region has, "
	    "expected a region, of letters, digits and -");
}

static void what_azure_shows_as_an_address_may_be_one_of_chat_completions(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - model_name: a\n"
	    "    litellm_params:\n"
	    "      model: azure_ai/a\n"
	    "      api_base: https://r.services.ai.azure.com/models/chat/completions"
	    "?api-version=2024-05-01-preview\n");

	(void)state;
	assert_string_equal(result.config->deployments[0].api_base,
	    "https://r.services.ai.azure.com/models/chat/completions");
	assert_string_equal(result.config->deployments[0].api_version, "2024-05-01-preview");
	done(&result);
}

static void a_model_without_a_name_behind_its_provider_is_a_warning(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "model_list:\n"
	    "  - {model_name: a, litellm_params: {model: azure/, api_base: 'https://a'}}\n"
	    "  - {model_name: b, litellm_params: {model: openai/}}\n");

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_null(deployment_of(&result, i)->api_base);
	assert_holds(result.log, "config.yaml:2: model_list[0].litellm_params: model has no name "
				 "after the /: the deployment cannot be used\n");
	assert_int_equal(count_of(result.log, "\n"), 2);
	done(&result);
}

static void azure_s_base_may_be_the_whole_url_of_the_api(void **state)
{
	static const struct {
		const char *params, *base, *version;
	} cases[] = {
	    {"api_base: 'https://a/openai/responses?api-version=2025-04-01-preview'",
		"https://a/openai", "2025-04-01-preview"},
	    {"api_base: 'https://a/openai/responses?api-version=1', api_version: '2'",
		"https://a/openai", "1"},
	    {"api_base: 'https://a/openai/responses/', api_version: '2'", "https://a/openai", "2"},
	    {"api_base: 'https://a/openai/v1/responses?api-version=preview'", "https://a/openai/v1",
		"preview"},
	    {"api_base: 'https://a/openai/v1/responses'", "https://a/openai/v1", "env"},
	    {"api_base: 'https://a/?api-version=1'", "https://a", "1"},
	    {"api_base: 'https://a/responses'", "https://a/responses", "env"},
	    {"api_base: os.environ/TEST_A", "https://b/openai", "3"},
	    {"rpm: 1", "https://c/openai", "4"},
	};

	(void)state;
	setenv("TEST_A", "https://b/openai/responses?api-version=3", 1);
	setenv("AZURE_API_BASE", "https://c/openai/responses?api-version=4", 1);
	setenv("AZURE_API_VERSION", "env", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result result;
		char text[256];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: azure/m, %s}}]\n",
		    cases[i].params);
		result = load_right(CONFIG_SUPERVISOR, text);
		assert_string_equal(deployment_of(&result, 0)->api_base, cases[i].base);
		assert_string_equal(deployment_of(&result, 0)->api_version, cases[i].version);
		done(&result);
	}
}

static void azure_s_base_with_another_query_is_an_error(void **state)
{
	static const char *const urls[] = {"https://a?x=1", "https://a?api-version=1&x=2",
	    "https://a?api-version=", "https://a?api-version=1#x", "?api-version=1"};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		char text[256];

		snprintf(text, sizeof(text),
		    "model_list: [{model_name: m, litellm_params: {model: azure/m, "
		    "api_base: '%s'}}]\n",
		    urls[i]);
		assert_error(text,
		    "1: model_list[0].litellm_params.api_base: not a URL of that kind, expected a "
		    "URL that begins with http:// or https://, without query and fragment");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_model_that_begins_with_a_star_leaves_the_provider_open),
	    TEST(the_provider_is_taken_off_the_model),
	    TEST(the_provider_supplies_base_and_key_that_are_not_given),
	    TEST(a_deployment_without_a_known_base_is_a_warning),
	    TEST(a_model_of_nobody_s_name_is_an_error_without_an_api_base),
	    TEST(a_key_goes_to_no_provider_but_the_model_s_own),
	    TEST(no_provider_s_key_goes_to_an_api_base_that_alone_says_whose_it_is),
	    TEST(no_provider_s_key_goes_to_another_api_base_for_the_model_s_name),
	    TEST(a_key_that_clients_can_send_to_any_provider_is_a_warning),
	    TEST(a_file_without_models_is_a_warning),
	    TEST(wrong_deployments_are_errors),
	    TEST(a_wrong_api_base_is_an_error_that_does_not_show_it),
	    TEST(the_environment_supplies_bases_and_versions_that_are_not_given),
	    TEST(a_wrong_base_or_version_in_the_environment_is_an_error_where_it_is_needed),
	    TEST(providers_with_an_api_of_their_own_are_a_warning),
	    TEST(an_api_is_one_of_three),
	    TEST(bedrock_is_called_in_its_region),
	    TEST(ways_to_bedrock_are_no_part_of_a_models_name),
	    TEST(a_region_is_no_part_of_another_host),
	    TEST(what_azure_shows_as_an_address_may_be_one_of_chat_completions),
	    TEST(a_model_without_a_name_behind_its_provider_is_a_warning),
	    TEST(azure_s_base_may_be_the_whole_url_of_the_api),
	    TEST(azure_s_base_with_another_query_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
