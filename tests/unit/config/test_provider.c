#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/model.h"
#include "common/config/provider.h"
#include "tests/unit/literal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const variables[] = {"AWS_BEDROCK_RUNTIME_ENDPOINT", "AWS_DEFAULT_REGION",
    "AWS_REGION", "AWS_REGION_NAME", "AZURE_API_BASE", "AZURE_API_KEY", "AZURE_API_VERSION",
    "AZURE_OPENAI_API_KEY", "OLLAMA_API_BASE", "OPENAI_API_BASE", "OPENAI_BASE_URL", "XAI_API_KEY"};

static int clear_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	return 0;
}

static const struct provider *find(const char *name)
{
	const struct provider *provider = provider_find(span_of(name));

	assert_non_null(provider);
	return provider;
}

static const char *const names[] = {"ai21", "ai21_chat", "anthropic", "azure", "azure_ai",
    "baseten", "bedrock", "cerebras", "codestral", "cohere", "cohere_chat", "dashscope",
    "databricks", "deepinfra", "deepseek", "fireworks_ai", "friendliai", "gemini", "github", "groq",
    "hosted_vllm", "huggingface", "hyperbolic", "litellm_proxy", "llamafile", "lm_studio",
    "meta_llama", "minimax", "mistral", "moonshot", "nebius", "novita", "nvidia_nim", "ollama",
    "ollama_chat", "openai", "openai_like", "openrouter", "perplexity", "sambanova", "together_ai",
    "vllm", "volcengine", "xai", "zai"};

static void every_provider_is_found_by_its_whole_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(find(names[i])->name, names[i]);
		assert_non_null(find(names[i])->key_variables[0]);
		assert_false(provider_has_own_api(span_of(names[i])));
	}
	assert_null(provider_find(span_of("OpenAI")));
	assert_null(provider_find(span_of("open")));
	assert_null(provider_find(span_of("")));
}

static void default_bases_are_urls_without_a_slash_at_the_end(void **state)
{
	static const struct {
		const char *name, *base;
	} cases[] = {
	    {"azure", NULL},
	    {"groq", "https://api.groq.com/openai/v1"},
	    {"hosted_vllm", NULL},
	    {"llamafile", "http://localhost:8080/v1"},
	    {"lm_studio", "http://localhost:1234/v1"},
	    {"mistral", "https://api.mistral.ai/v1"},
	    {"ollama", "http://localhost:11434/v1"},
	    {"openai", "https://api.openai.com/v1"},
	    {"openrouter", "https://openrouter.ai/api/v1"},
	    {"together_ai", "https://api.together.ai/v1"},
	    {"xai", "https://api.x.ai/v1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *base = find(cases[i].name)->api_base;

		if (cases[i].base == NULL) {
			assert_null(base);
			continue;
		}
		assert_string_equal(base, cases[i].base);
		assert_true(provider_is_url(base));
	}
}

static void azure_alone_has_a_key_header_and_paths_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct provider *provider = find(names[i]);
		bool azure = strncmp(names[i], "azure", 5) == 0;

		assert_int_equal(provider->auth != AUTH_BEARER, azure);
		assert_int_equal(provider->paths != PATHS_OPENAI, azure);
	}
	assert_int_equal(find("azure")->paths, PATHS_AZURE);
	assert_string_equal(find("ollama")->default_path, "/v1");
}

static bool is_one_of(const char *name, const char *list)
{
	for (const char *p = list; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (strlen(name) == len && memcmp(p, name, len) == 0)
			return true;
		p += len;
	}
	return false;
}

static void those_who_serve_the_responses_api_are_asked_by_it(void **state)
{
	static const char responses[] =
	    "azure groq hosted_vllm llamafile lm_studio ollama openai openrouter vllm xai";

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		enum dialect expected = DIALECT_CHAT;

		if (is_one_of(names[i], responses))
			expected = DIALECT_RESPONSES;
		else if (strcmp(names[i], "anthropic") == 0)
			expected = DIALECT_MESSAGES;
		assert_int_equal(find(names[i])->dialect, expected);
	}
}

static void a_regional_base_is_made_of_its_region(void **state)
{
	const struct provider *bedrock = find("bedrock");
	char *base = provider_regional_base(bedrock, "us-east-1");

	(void)state;
	assert_string_equal(base, "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1");
	free(base);
	assert_null(provider_base(bedrock));
	assert_null(provider_regional_base(bedrock, ""));
	assert_null(provider_regional_base(bedrock, "a.b"));
	assert_null(provider_regional_base(bedrock, "a/b"));
	assert_null(provider_region());
	setenv("AWS_DEFAULT_REGION", "c", 1);
	assert_string_equal(provider_region(), "c");
	setenv("AWS_REGION_NAME", "a", 1);
	assert_string_equal(provider_region(), "a");
	setenv("AWS_BEDROCK_RUNTIME_ENDPOINT", "https://own", 1);
	assert_string_equal(provider_base(bedrock), "https://own");
}

static void a_host_is_told_from_others_that_end_like_it(void **state)
{
	static const struct {
		const char *url;
		bool is;
	} cases[] = {
	    {"https://h.example", true},
	    {"https://h.example/v1", true},
	    {"https://h.example:443/v1", true},
	    {"https://eu.h.example/v1", true},
	    {"https://xh.example/v1", false},
	    {"https://h.example.net/v1", false},
	    {"https://other/h.example", false},
	    {"https://e", false},
	    {"h.example", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    provider_is_at_host(span_of(cases[i].url), "h.example"), cases[i].is);
}

static void openais_quirks_are_those_of_its_own_host(void **state)
{
	const struct provider *openai = find("openai");

	(void)state;
	assert_true(openai->quirks != 0);
	assert_int_equal(provider_quirks(openai, "https://api.openai.com/v1"), openai->quirks);
	assert_int_equal(provider_quirks(openai, "https://eu.api.openai.com/v1"), openai->quirks);
	assert_int_equal(provider_quirks(openai, "http://127.0.0.1:8000/v1"), 0);
	assert_int_equal(provider_quirks(find("mistral"), "http://own"), find("mistral")->quirks);
}

static void the_first_variable_that_is_set_counts(void **state)
{
	const struct provider *azure = find("azure");

	(void)state;
	assert_null(provider_variable(azure->key_variables));
	setenv("AZURE_API_KEY", "k2", 1);
	assert_string_equal(provider_variable(azure->key_variables), "AZURE_API_KEY");
	setenv("AZURE_OPENAI_API_KEY", "", 1);
	assert_string_equal(provider_variable(azure->key_variables), "AZURE_API_KEY");
	setenv("AZURE_OPENAI_API_KEY", "k1", 1);
	assert_string_equal(provider_variable(azure->key_variables), "AZURE_OPENAI_API_KEY");
}

static void the_environments_base_wins_if_it_is_a_url(void **state)
{
	(void)state;
	assert_string_equal(provider_base(find("ollama")), "http://localhost:11434/v1");
	setenv("OLLAMA_API_BASE", "http://gpu:11434", 1);
	assert_string_equal(provider_base(find("ollama")), "http://gpu:11434");
	setenv("OLLAMA_API_BASE", "gpu:11434", 1);
	assert_string_equal(provider_base(find("ollama")), "http://localhost:11434/v1");
	setenv("OPENAI_API_BASE", "https://second/v1", 1);
	assert_string_equal(provider_base(find("openai")), "https://second/v1");
	setenv("OPENAI_BASE_URL", "https://first/v1", 1);
	assert_string_equal(provider_base(find("openai")), "https://first/v1");
	assert_null(provider_base(find("azure")));
}

static void the_environments_version_counts_if_it_is_one(void **state)
{
	(void)state;
	assert_null(provider_api_version(find("azure")));
	setenv("AZURE_API_VERSION", "2025-04-01-preview", 1);
	assert_string_equal(provider_api_version(find("azure")), "2025-04-01-preview");
	assert_null(provider_api_version(find("openai")));
	setenv("AZURE_API_VERSION", "v1&x=y", 1);
	assert_null(provider_api_version(find("azure")));
}

static void bases_are_told_from_other_text(void **state)
{
	static const char *const right[] = {"http://a", "https://a/", "http://[::1]:80/x/y",
	    "https://user:secret@a.example/v1", "http://\xc3\xa4.example"};
	static const char *const wrong[] = {"", "a", "ftp://a", "http:", "http://", "http:///v1",
	    "HTTP://a", "http://a b", "http://a\tb", "http://a?x=1", "http://a/#x", "http://a\x7f"};

	(void)state;
	for (size_t i = 0; i < COUNT(right); i++)
		assert_true(provider_is_url(right[i]));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(provider_is_url(wrong[i]));
}

static void members_that_a_provider_does_not_take_are_known_by_whole_names(void **state)
{
	(void)state;
	assert_false(provider_takes(find("groq"), SPAN("store")));
	assert_false(provider_takes(find("groq"), SPAN("truncation")));
	assert_true(provider_takes(find("groq"), SPAN("stor")));
	assert_true(provider_takes(find("groq"), SPAN("store truncation")));
	assert_true(provider_takes(find("groq"), SPAN("")));
	assert_false(provider_takes(find("xai"), SPAN("metadata")));
	assert_true(provider_takes(find("openai"), SPAN("metadata")));
}

/* Dropping one of these would change what is asked for, or is not a client's to ask. */
static void no_provider_loses_what_a_request_is_about(void **state)
{
	static const char *const kept[] = {"model", "input", "stream", "background", "instructions",
	    "tools", "tool_choice", "text", "previous_response_id", "conversation", "prompt"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t k = 0; k < COUNT(kept); k++)
			assert_true(provider_takes(find(names[i]), span_of(kept[k])));
	}
}

static void providers_with_an_api_of_their_own_are_known(void **state)
{
	static const char *const own[] = {
	    "bedrock_converse", "replicate", "sagemaker", "snowflake", "vertex_ai", "watsonx"};

	(void)state;
	for (size_t i = 0; i < COUNT(own); i++) {
		assert_true(provider_has_own_api(span_of(own[i])));
		assert_null(provider_find(span_of(own[i])));
	}
	assert_false(provider_has_own_api(SPAN("my-own")));
	assert_false(provider_has_own_api(SPAN("")));
}

static void a_provider_is_known_by_the_url_of_its_api(void **state)
{
	static const struct {
		const char *url, *name;
	} cases[] = {
	    {"https://api.openai.com/v1", "openai"},
	    {"https://api.openai.com/v1/", "openai"},
	    {"https://api.groq.com/openai/v1/more", "groq"},
	    {"https://api.anthropic.com", "anthropic"},
	    {"https://api.anthropic.com/v1/messages", "anthropic"},
	    {"https://api.deepseek.com/v1", "deepseek"},
	    {"https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "bedrock"},
	    {"https://bedrock-runtime.evil.example/.amazonaws.com/openai/v1", NULL},
	    {"https://bedrock-runtime..amazonaws.com/openai/v1", NULL},
	    {"https://bedrock-runtime.us-east-1.amazonaws.com", NULL},
	    {"https://bedrock-runtime.", NULL},
	    {"https://api.openai.com/v1x", NULL},
	    {"https://api.openai.com/v", NULL},
	    {"https://api.openai.com.example/v1", NULL},
	    {"http://api.openai.com/v1", NULL},
	    {"http://localhost:11434/v1", NULL},
	    {"os.environ/OPENAI_API_BASE", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = provider_of_base(cases[i].url);

		if (cases[i].name == NULL)
			assert_null(name);
		else
			assert_string_equal(name, cases[i].name);
	}
}

static void a_deployment_of_any_provider_has_the_defaults_of_the_models_own(void **state)
{
	const struct deployment any = {.model_name = text("*"),
	    .provider = text("openai"),
	    .model = text("*"),
	    .any_provider = true,
	    .drops_by_model = true};

	(void)state;
	assert_string_equal(deployment_table_line(&any, "groq/m")->name, "groq");
	assert_null(deployment_table_line(&any, "own/m"));
	assert_false(deployment_usable(&any, "own/m"));
	assert_false(deployment_usable(&any, "azure/m"));
	setenv("AZURE_API_BASE", "https://r.openai.azure.com/", 1);
	setenv("AZURE_API_VERSION", "2025-03-01-preview", 1);
	setenv("AZURE_API_KEY", "k", 1);
	assert_true(deployment_usable(&any, "azure/m"));
	assert_string_equal(deployment_base(&any, "azure/m"), "https://r.openai.azure.com/");
	assert_string_equal(deployment_api_version(&any, "azure/m"), "2025-03-01-preview");
	assert_string_equal(deployment_key(&any, "azure/m"), "k");
	assert_null(deployment_api_version(&any, "openai/m"));
	assert_true(deployment_drops(&any, "xai/m", SPAN("metadata")));
	assert_false(deployment_drops(&any, "openai/m", SPAN("metadata")));
	assert_false(deployment_drops(&any, "own/m", SPAN("metadata")));
}

static void a_deployment_drops_what_it_names_and_no_more(void **state)
{
	char *dropped[] = {text("user"), text("store")};
	const struct deployment deployment = {.model_name = text("m"),
	    .provider = text("xai"),
	    .model = text("m"),
	    .dropped = dropped,
	    .dropped_count = 2};

	(void)state;
	assert_true(deployment_drops(&deployment, "m", SPAN("user")));
	assert_true(deployment_drops(&deployment, "m", SPAN("store")));
	assert_false(deployment_drops(&deployment, "m", SPAN("metadata")));
	assert_false(deployment_drops(&deployment, "m", SPAN("users")));
}

static void what_is_missing_makes_a_deployment_unusable(void **state)
{
	struct deployment deployment = {.model_name = text("m"),
	    .provider = text("openai"),
	    .model = text("m"),
	    .api_base = text("http://a")};

	(void)state;
	assert_true(deployment_usable(&deployment, "m"));
	deployment.missing = text("SOME_KEY");
	assert_false(deployment_usable(&deployment, "m"));
}

static void a_deployment_is_found_by_its_id(void **state)
{
	struct deployment deployments[] = {{.id = text("00aa")}, {.id = text("00bb")}};
	const struct config config = {.deployments = deployments, .deployment_count = 2};

	(void)state;
	assert_ptr_equal(deployment_by_id(&config, SPAN("00bb")), &deployments[1]);
	assert_null(deployment_by_id(&config, SPAN("00b")));
	assert_null(deployment_by_id(&config, SPAN("")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear_environment, clear_environment)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_provider_is_found_by_its_whole_name),
	    TEST(default_bases_are_urls_without_a_slash_at_the_end),
	    TEST(azure_alone_has_a_key_header_and_paths_of_its_own),
	    TEST(those_who_serve_the_responses_api_are_asked_by_it),
	    TEST(a_regional_base_is_made_of_its_region),
	    TEST(a_host_is_told_from_others_that_end_like_it),
	    TEST(openais_quirks_are_those_of_its_own_host),
	    TEST(the_first_variable_that_is_set_counts),
	    TEST(the_environments_base_wins_if_it_is_a_url),
	    TEST(the_environments_version_counts_if_it_is_one),
	    TEST(bases_are_told_from_other_text),
	    TEST(members_that_a_provider_does_not_take_are_known_by_whole_names),
	    TEST(no_provider_loses_what_a_request_is_about),
	    TEST(providers_with_an_api_of_their_own_are_known),
	    TEST(a_provider_is_known_by_the_url_of_its_api),
	    TEST(a_deployment_of_any_provider_has_the_defaults_of_the_models_own),
	    TEST(a_deployment_drops_what_it_names_and_no_more),
	    TEST(what_is_missing_makes_a_deployment_unusable),
	    TEST(a_deployment_is_found_by_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
