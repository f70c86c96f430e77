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

static const char *const variables[] = {"AZURE_API_BASE", "AZURE_API_KEY", "AZURE_API_VERSION",
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

static void every_provider_is_found_by_its_whole_name(void **state)
{
	static const char *const names[] = {"azure", "groq", "hosted_vllm", "llamafile",
	    "lm_studio", "mistral", "ollama", "openai", "openrouter", "together_ai", "vllm", "xai"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(find(names[i])->name, names[i]);
		assert_non_null(find(names[i])->key_variables[0]);
		assert_non_null(find(names[i])->base_variables[0]);
		assert_false(provider_lacks_responses(span_of(names[i])));
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
	assert_int_equal(find("azure")->auth, AUTH_API_KEY);
	assert_int_equal(find("azure")->paths, PATHS_AZURE);
	assert_int_equal(find("openai")->auth, AUTH_BEARER);
	assert_int_equal(find("openai")->paths, PATHS_OPENAI);
	assert_int_equal(find("ollama")->auth, AUTH_BEARER);
	assert_int_equal(find("ollama")->paths, PATHS_V1);
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
	static const char *const names[] = {"azure", "groq", "hosted_vllm", "llamafile",
	    "lm_studio", "mistral", "ollama", "openai", "openrouter", "together_ai", "vllm", "xai"};
	static const char *const kept[] = {"model", "input", "stream", "background", "instructions",
	    "tools", "tool_choice", "text", "previous_response_id", "conversation", "prompt"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t k = 0; k < COUNT(kept); k++)
			assert_true(provider_takes(find(names[i]), span_of(kept[k])));
	}
}

static void providers_without_the_responses_api_are_known(void **state)
{
	static const char *const names[] = {
	    "anthropic", "bedrock", "cohere", "gemini", "replicate", "vertex_ai"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(provider_lacks_responses(span_of(names[i])));
		assert_null(provider_find(span_of(names[i])));
	}
	assert_false(provider_lacks_responses(SPAN("my-own")));
	assert_false(provider_lacks_responses(SPAN("")));
}

static void a_provider_is_known_by_the_url_of_its_api(void **state)
{
	static const struct {
		const char *url, *name;
	} cases[] = {
	    {"https://api.openai.com/v1", "openai"},
	    {"https://api.openai.com/v1/", "openai"},
	    {"https://api.groq.com/openai/v1/more", "groq"},
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
	    TEST(the_first_variable_that_is_set_counts),
	    TEST(the_environments_base_wins_if_it_is_a_url),
	    TEST(the_environments_version_counts_if_it_is_one),
	    TEST(bases_are_told_from_other_text),
	    TEST(members_that_a_provider_does_not_take_are_known_by_whole_names),
	    TEST(no_provider_loses_what_a_request_is_about),
	    TEST(providers_without_the_responses_api_are_known),
	    TEST(a_provider_is_known_by_the_url_of_its_api),
	    TEST(a_deployment_of_any_provider_has_the_defaults_of_the_models_own),
	    TEST(a_deployment_drops_what_it_names_and_no_more),
	    TEST(what_is_missing_makes_a_deployment_unusable),
	    TEST(a_deployment_is_found_by_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
