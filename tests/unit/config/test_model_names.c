#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/model_names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_name_says_whose_the_model_is(void **state)
{
	static const struct {
		const char *name, *provider;
	} cases[] = {
	    {"gpt-5", "openai"},
	    {"gpt-4o-mini-transcribe", "openai"},
	    {"gpt-image-1", "openai"},
	    {"gpt-3.5-turbo-instruct", "openai"},
	    {"o1", "openai"},
	    {"o3-deep-research", "openai"},
	    {"o4-mini", "openai"},
	    {"o9", "openai"},
	    {"chatgpt-4o-latest", "openai"},
	    {"codex-mini-latest", "openai"},
	    {"computer-use-preview-2025-03-11", "openai"},
	    {"ft:gpt-4o-mini-2024-07-18:org::id", "openai"},
	    {"text-embedding-3-small", "openai"},
	    {"text-embedding-ada-002", "openai"},
	    {"omni-moderation-latest", "openai"},
	    {"dall-e-3", "openai"},
	    {"tts-1-hd", "openai"},
	    {"whisper-1", "openai"},
	    {"davinci-002", "openai"},
	    {"claude-sonnet-4-5-20250929", "anthropic"},
	    {"claude-3-haiku-20240307", "anthropic"},
	    {"gemini-2.5-pro", "gemini"},
	    {"text-embedding-004", "vertex_ai"},
	    {"deepseek-chat", "deepseek"},
	    {"mistral-large-latest", "mistral"},
	    {"codestral-latest", "mistral"},
	    {"open-mistral-nemo", "mistral"},
	    {"command-r-plus", "cohere"},
	    {"grok-4", "xai"},
	    {"sonar-pro", "perplexity"},
	    {"jamba-1.5-large", "ai21_chat"},
	    {"anthropic.claude-3-5-sonnet-20241022-v2:0", "bedrock"},
	    {"us.anthropic.claude-opus-4-1-20250805-v1:0", "bedrock"},
	    {"gpt-*", "openai"},
	    {"claude-*", "anthropic"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *provider = model_name_provider(span_of(cases[i].name));

		assert_non_null(provider);
		assert_string_equal(provider, cases[i].provider);
	}
}

static void a_name_that_several_serve_or_nobody_knows_is_nobodys(void **state)
{
	static const char *const names[] = {"", "*", "g*", "gpt", "gpt4all", "gpt-oss-120b", "o0",
	    "o", "olmo-2", "claude", "Claude-3", "my-claude-3", "llama-3.1-8b", "mixtral-8x7b",
	    "qwen3:8b", "kimi-k2", "whisper-large-v3", "text-embedding-v3", "mistral",
	    "mistral:7b"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_null(model_name_provider(span_of(names[i])));
}

static void a_name_ends_where_its_span_ends(void **state)
{
	(void)state;
	assert_null(model_name_provider((struct span){"gpt-5", 3}));
	assert_string_equal(model_name_provider((struct span){"gpt-oss", 4}), "openai");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_says_whose_the_model_is),
	    cmocka_unit_test(a_name_that_several_serve_or_nobody_knows_is_nobodys),
	    cmocka_unit_test(a_name_ends_where_its_span_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
