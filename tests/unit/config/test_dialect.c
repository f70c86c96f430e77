#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config/dialect.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const variables[] = {"ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL",
    "AZURE_API_BASE", "GEMINI_API_BASE", "OPENAI_API_BASE", "OPENAI_BASE_URL"};

static int clear_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	return 0;
}

/* A configuration of one deployment, by what stands in its entry. The caller frees it. */
static struct config *load(const char *model_name, const char *params, const char *info)
{
	char path[] = "/tmp/respool-dialect-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct config *config;
	int closed;

	assert_non_null(file);
	fprintf(file, "model_list: [{model_name: '%s', litellm_params: {%s}, model_info: {%s}}]\n",
	    model_name, params, info);
	closed = fclose(file);
	assert_int_equal(closed, 0);
	config = config_load(path, CONFIG_SUPERVISOR, stderr);
	unlink(path);
	assert_non_null(config);
	assert_int_equal(config->deployment_count, 1);
	return config;
}

static enum dialect dialect_of(
    const char *model_name, const char *params, const char *info, const char *asked)
{
	struct config *config = load(model_name, params, info);
	enum dialect dialect = deployment_dialect(config->deployments, asked);

	config_free(config);
	return dialect;
}

static bool has_quirk(const char *params, enum quirk quirk)
{
	struct config *config = load("m", params, "");
	bool has = deployment_has_quirk(config->deployments, "m", quirk);

	config_free(config);
	return has;
}

static long max_tokens_of(const char *params)
{
	struct config *config = load("m", params, "");
	long most = deployment_max_tokens(config->deployments, "m");

	config_free(config);
	return most;
}

static void dialects_have_names(void **state)
{
	static const struct {
		const char *key;
		enum dialect dialect;
	} cases[] = {
	    {"responses", DIALECT_RESPONSES},
	    {"chat", DIALECT_CHAT},
	    {"messages", DIALECT_MESSAGES},
	};
	enum dialect dialect;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(dialect_find(cases[i].key, &dialect));
		assert_int_equal(dialect, cases[i].dialect);
	}
	assert_false(dialect_find("", &dialect));
	assert_false(dialect_find("Chat", &dialect));
	assert_string_equal(dialect_name(DIALECT_MESSAGES), "Anthropic Messages API");
}

static void the_strongest_word_says_the_dialect(void **state)
{
	static const struct {
		const char *params, *info;
		enum dialect dialect;
	} cases[] = {
	    {"model: openai/m", "", DIALECT_RESPONSES},
	    {"model: mistral/m", "", DIALECT_CHAT},
	    {"model: anthropic/m", "", DIALECT_MESSAGES},
	    {"model: openai/m, api_base: 'http://own'", "", DIALECT_RESPONSES},
	    {"model: unheard-of/m, api_base: 'http://own'", "", DIALECT_RESPONSES},
	    {"model: vertex_ai/m, api_base: 'http://own'", "", DIALECT_RESPONSES},
	    {"model: openai/m, api: chat", "mode: responses", DIALECT_CHAT},
	    {"model: openai/m, api: messages", "", DIALECT_MESSAGES},
	    {"model: anthropic/m, api: responses", "", DIALECT_RESPONSES},
	    {"model: openai/m, api: responses, use_chat_completions_api: true", "",
		DIALECT_RESPONSES},
	    {"model: openai/m, use_chat_completions_api: true", "mode: responses", DIALECT_CHAT},
	    {"model: mistral/m, use_chat_completions_api: false", "mode: responses",
		DIALECT_RESPONSES},
	    {"model: openai/chat_completions/m", "mode: responses", DIALECT_CHAT},
	    {"model: groq/chat_completions/m", "", DIALECT_CHAT},
	    {"model: chat_completions/m, custom_llm_provider: groq", "", DIALECT_CHAT},
	    {"model: mistral/responses/m", "mode: chat", DIALECT_RESPONSES},
	    {"model: openai/chat_completions/m, api: responses", "", DIALECT_RESPONSES},
	    {"model: openai/m", "mode: chat", DIALECT_CHAT},
	    {"model: mistral/m", "mode: responses", DIALECT_RESPONSES},
	    {"model: openai/m", "mode: embedding", DIALECT_RESPONSES},
	    {"model: mistral/m", "mode: messages", DIALECT_CHAT},
	    {"model: openai/m", "mode: null, id: x", DIALECT_RESPONSES},
	    {"model: anthropic/m", "mode: chat", DIALECT_MESSAGES},
	    {"model: openai/m, api_base: 'http://own/v1/chat/completions'", "", DIALECT_CHAT},
	    {"model: openai/m, api_base: 'http://own/v1/messages/'", "", DIALECT_MESSAGES},
	    {"model: anthropic/m, api: chat, api_base: 'http://own/v1/messages'", "", DIALECT_CHAT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (dialect_of("m", cases[i].params, cases[i].info, "m") != cases[i].dialect)
			fail_msg("{%s}, {%s}", cases[i].params, cases[i].info);
	}
}

static void a_pattern_leaves_the_dialect_to_the_model_that_is_asked_for(void **state)
{
	static const struct {
		const char *model_name, *params, *info, *asked;
		enum dialect dialect;
	} cases[] = {
	    {"*", "model: '*'", "", "openai/m", DIALECT_RESPONSES},
	    {"*", "model: '*'", "", "mistral/m", DIALECT_CHAT},
	    {"*", "model: '*'", "", "anthropic/m", DIALECT_MESSAGES},
	    {"*", "model: '*'", "", "claude-sonnet-4-5", DIALECT_MESSAGES},
	    {"*", "model: '*'", "", "gemini-2.5-pro", DIALECT_CHAT},
	    {"*", "model: '*'", "", "openai/chat_completions/m", DIALECT_CHAT},
	    {"*", "model: '*'", "", "mistral/responses/m", DIALECT_RESPONSES},
	    {"*", "model: '*'", "mode: chat", "openai/m", DIALECT_CHAT},
	    {"*", "model: '*'", "mode: chat", "openai/responses/m", DIALECT_RESPONSES},
	    {"*", "model: '*'", "mode: chat", "anthropic/m", DIALECT_MESSAGES},
	    {"*", "model: '*', api: chat", "", "anthropic/m", DIALECT_CHAT},
	    {"*", "model: '*', api: responses", "", "openai/chat_completions/m", DIALECT_RESPONSES},
	    {"openai/*", "model: 'openai/*'", "", "openai/m", DIALECT_RESPONSES},
	    {"openai/*", "model: 'openai/*'", "", "openai/chat_completions/m", DIALECT_CHAT},
	    {"openai/*", "model: 'openai/chat_completions/*'", "", "openai/m", DIALECT_CHAT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (dialect_of(cases[i].model_name, cases[i].params, cases[i].info,
			cases[i].asked) != cases[i].dialect)
			fail_msg("{%s}, {%s}: %s", cases[i].params, cases[i].info, cases[i].asked);
	}
}

static void a_quirk_is_the_provider_s_or_the_model_s_unless_the_file_says_it(void **state)
{
	static const struct {
		const char *params;
		enum quirk quirk;
		bool has;
	} cases[] = {
	    {"model: openai/m, api: chat", QUIRK_DEVELOPER_ROLE, true},
	    {"model: openai/m, api: chat", QUIRK_THINK_TAGS, false},
	    {"model: openai/m, api: chat, developer_role: false", QUIRK_DEVELOPER_ROLE, false},
	    {"model: openai/m, api: chat, think_tags: true", QUIRK_THINK_TAGS, true},
	    {"model: openai/m, api: chat, api_base: 'http://own'", QUIRK_DEVELOPER_ROLE, false},
	    {"model: openai/m, api: chat, api_base: 'http://own', developer_role: true",
		QUIRK_DEVELOPER_ROLE, true},
	    {"model: mistral/m", QUIRK_NINE_CHARACTER_CALL_IDS, true},
	    {"model: mistral/m", QUIRK_NO_STREAM_OPTIONS, true},
	    {"model: dashscope/m", QUIRK_STRING_CONTENT, true},
	    {"model: deepseek/m", QUIRK_REASONING_SENT_BACK, true},
	    {"model: gemini/m", QUIRK_THOUGHT_SIGNATURES, true},
	    {"model: unheard-of/m, api: chat, api_base: 'http://own'", QUIRK_STRING_CONTENT, false},
	    {"model: anthropic/claude-sonnet-4-6", QUIRK_ADAPTIVE_THINKING, true},
	    {"model: anthropic/claude-sonnet-4-5", QUIRK_ADAPTIVE_THINKING, false},
	    {"model: anthropic/claude-sonnet-4-6", QUIRK_NO_XHIGH_EFFORT, true},
	    {"model: anthropic/claude-opus-4-7", QUIRK_NO_XHIGH_EFFORT, false},
	    {"model: anthropic/claude-sonnet-4-5", QUIRK_NO_TOP_P_WITH_TEMPERATURE, true},
	    {"model: anthropic/claude-3-7-sonnet", QUIRK_FORMAT_AS_TOOL, true},
	    {"model: anthropic/claude-opus-4-7", QUIRK_FIXED_TEMPERATURE, true},
	    {"model: anthropic/claude-opus-4-7, fixed_temperature: false", QUIRK_FIXED_TEMPERATURE,
		false},
	    {"model: anthropic/claude-opus-4-7, api: chat", QUIRK_FIXED_TEMPERATURE, false},
	    {"model: moonshot/kimi-k2, api: messages", QUIRK_FORMAT_AS_TOOL, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (has_quirk(cases[i].params, cases[i].quirk) != cases[i].has)
			fail_msg("{%s}, quirk %d", cases[i].params, (int)cases[i].quirk);
	}
}

static void each_quirk_is_set_and_cleared_by_its_own_key(void **state)
{
	static const char *const keys[] = {
#define KEY(name, key, meaning) [QUIRK_##name] = (key),
	    QUIRKS(KEY)
#undef KEY
	};
	char params[160];

	(void)state;
	for (unsigned i = 0; i < QUIRK_COUNT; i++) {
		struct config *config;

		snprintf(params, sizeof(params), "model: openai/m, %s: true", keys[i]);
		config = load("m", params, "");
		assert_int_equal(config->deployments[0].quirks_given, 1u << i);
		assert_int_equal(config->deployments[0].quirks_set, 1u << i);
		config_free(config);
		snprintf(params, sizeof(params), "model: openai/m, %s: false", keys[i]);
		config = load("m", params, "");
		assert_int_equal(config->deployments[0].quirks_given, 1u << i);
		assert_int_equal(config->deployments[0].quirks_set, 0);
		config_free(config);
	}
}

static void the_model_behind_a_pattern_says_its_quirks_and_tokens(void **state)
{
	struct config *config = load("*", "model: '*'", "");
	const struct deployment *any = config->deployments;

	(void)state;
	assert_true(
	    deployment_has_quirk(any, "anthropic/claude-opus-4-6", QUIRK_ADAPTIVE_THINKING));
	assert_false(
	    deployment_has_quirk(any, "anthropic/claude-opus-4-5", QUIRK_ADAPTIVE_THINKING));
	assert_true(deployment_has_quirk(any, "mistral/m", QUIRK_NINE_CHARACTER_CALL_IDS));
	assert_false(deployment_has_quirk(any, "openai/m", QUIRK_NINE_CHARACTER_CALL_IDS));
	assert_int_equal(deployment_max_tokens(any, "anthropic/claude-opus-4-1"), 32000);
	assert_int_equal(deployment_max_tokens(any, "mistral/m"), 0);
	config_free(config);
}

static void only_the_messages_api_has_a_number_of_tokens_by_default(void **state)
{
	static const struct {
		const char *params;
		long most;
	} cases[] = {
	    {"model: openai/m", 0},
	    {"model: mistral/m", 0},
	    {"model: mistral/m, max_tokens: 7", 7},
	    {"model: mistral/m, max_completion_tokens: 8", 8},
	    {"model: mistral/m, max_tokens: 7, max_completion_tokens: 8", 7},
	    {"model: anthropic/claude-haiku-4-5", 64000},
	    {"model: anthropic/claude-haiku-4-5, max_tokens: 9", 9},
	    {"model: anthropic/own-name", 4096},
	    {"model: anthropic/claude-haiku-4-5, api: chat", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (max_tokens_of(cases[i].params) != cases[i].most)
			fail_msg("{%s}", cases[i].params);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, clear_environment)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(dialects_have_names),
	    TEST(the_strongest_word_says_the_dialect),
	    TEST(a_pattern_leaves_the_dialect_to_the_model_that_is_asked_for),
	    TEST(a_quirk_is_the_provider_s_or_the_model_s_unless_the_file_says_it),
	    TEST(each_quirk_is_set_and_cleared_by_its_own_key),
	    TEST(the_model_behind_a_pattern_says_its_quirks_and_tokens),
	    TEST(only_the_messages_api_has_a_number_of_tokens_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
