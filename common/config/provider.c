#include "provider.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * not_taken has only what changes nothing of what was asked for: without previous_response_id, say,
 * the answer would be one to another question, and the provider's refusal is better than that.
 */
static const struct provider providers[] = {
    {"openai", "https://api.openai.com/v1", {"OPENAI_API_KEY"},
	{"OPENAI_BASE_URL", "OPENAI_API_BASE"}, .not_taken = NULL},
    {"azure", NULL, {"AZURE_OPENAI_API_KEY", "AZURE_API_KEY"}, {"AZURE_API_BASE"}, AUTH_API_KEY,
	PATHS_AZURE, "AZURE_API_VERSION", " context_management "},
    {"groq", "https://api.groq.com/openai/v1", {"GROQ_API_KEY"}, {"GROQ_API_BASE"},
	.not_taken = " include prompt_cache_key safety_identifier store truncation "},
    {"hosted_vllm", NULL, {"HOSTED_VLLM_API_KEY"}, {"HOSTED_VLLM_API_BASE"}, .not_taken = NULL},
    {"llamafile", "http://localhost:8080/v1", {"LLAMAFILE_API_KEY"}, {"LLAMAFILE_API_BASE"},
	.not_taken = NULL},
    {"lm_studio", "http://localhost:1234/v1", {"LM_STUDIO_API_KEY"}, {"LM_STUDIO_API_BASE"},
	.not_taken = NULL},
    {"mistral", "https://api.mistral.ai/v1", {"MISTRAL_API_KEY"},
	{"MISTRAL_AZURE_API_BASE", "MISTRAL_API_BASE"}, .not_taken = NULL},
    {"ollama", "http://localhost:11434/v1", {"OLLAMA_API_KEY"}, {"OLLAMA_API_BASE"},
	.paths = PATHS_V1, .not_taken = " truncation "},
    {"openrouter", "https://openrouter.ai/api/v1", {"OPENROUTER_API_KEY", "OR_API_KEY"},
	{"OPENROUTER_API_BASE"}, .not_taken = " store "},
    {"together_ai", "https://api.together.ai/v1",
	{"TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY"}, {"TOGETHER_AI_API_BASE"},
	.not_taken = NULL},
    {"vllm", NULL, {"HOSTED_VLLM_API_KEY"}, {"HOSTED_VLLM_API_BASE"}, .not_taken = NULL},
    {"xai", "https://api.x.ai/v1", {"XAI_API_KEY"}, {"XAI_API_BASE"},
	.not_taken = " frequency_penalty metadata presence_penalty truncation "},
};

/* Names of LiteLLM's for providers that have an API of their own, or only chat completions. */
static const char *const without_responses[] = {
    "ai21",
    "ai21_chat",
    "aleph_alpha",
    "anthropic",
    "anthropic_text",
    "bedrock",
    "bedrock_converse",
    "cerebras",
    "cloudflare",
    "codestral",
    "cohere",
    "cohere_chat",
    "deepgram",
    "deepinfra",
    "elevenlabs",
    "friendliai",
    "gemini",
    "jina_ai",
    "meta_llama",
    "nlp_cloud",
    "nvidia_nim",
    "ollama_chat",
    "oobabooga",
    "palm",
    "petals",
    "predibase",
    "replicate",
    "sagemaker",
    "sagemaker_chat",
    "sambanova",
    "snowflake",
    "text-completion-openai",
    "vertex_ai",
    "vertex_ai_beta",
    "voyage",
    "watsonx",
    "watsonx_text",
};

const struct provider *provider_find(struct span name)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		if (span_is(name, providers[i].name))
			return &providers[i];
	}
	return NULL;
}

bool provider_lacks_responses(struct span name)
{
	const size_t count = sizeof(without_responses) / sizeof(without_responses[0]);

	for (size_t i = 0; i < count; i++) {
		if (span_is(name, without_responses[i]))
			return true;
	}
	return false;
}

const char *provider_of_base(const char *url)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		const char *base = providers[i].api_base;
		size_t len = base != NULL ? strlen(base) : 0;

		if (base != NULL && strncmp(base, "https://", strlen("https://")) == 0 &&
		    strncmp(url, base, len) == 0 && (url[len] == '\0' || url[len] == '/'))
			return providers[i].name;
	}
	return NULL;
}

const char *provider_variable(const char *const variables[PROVIDER_VARIABLES])
{
	for (size_t i = 0; i < PROVIDER_VARIABLES && variables[i] != NULL; i++) {
		const char *value = getenv(variables[i]);

		if (value != NULL && value[0] != '\0')
			return variables[i];
	}
	return NULL;
}

const char *provider_base(const struct provider *provider)
{
	const char *variable = provider_variable(provider->base_variables);

	if (variable != NULL && provider_is_url(getenv(variable)))
		return getenv(variable);
	return provider->api_base;
}

const char *provider_api_version(const struct provider *provider)
{
	const char *version =
	    provider->version_variable != NULL ? getenv(provider->version_variable) : NULL;

	return version != NULL && provider_is_version(version) ? version : NULL;
}

bool provider_takes(const struct provider *provider, struct span member)
{
	const char *p = provider->not_taken;

	while (p != NULL && *p != '\0') {
		size_t len = strcspn(p, " ");

		if (len != 0 && len == member.len && memcmp(p, member.p, len) == 0)
			return false;
		p += len + strspn(p + len, " ");
	}
	return true;
}

/* Blanks and controls would break the request; a query or fragment, what is put behind them. */
static bool has_no_place_in_a_base(unsigned char c)
{
	return c <= ' ' || c == 0x7f || c == '?' || c == '#';
}

bool provider_is_url(const char *text)
{
	static const char *const schemes[] = {"http://", "https://"};
	const char *host = NULL;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			host = text + strlen(schemes[i]);
	}
	if (host == NULL || host[0] == '\0' || host[0] == '/')
		return false;
	for (; *host != '\0'; host++) {
		if (has_no_place_in_a_base((unsigned char)*host))
			return false;
	}
	return true;
}

bool provider_is_version(const char *text)
{
	size_t len =
	    strspn(text, "0123456789-.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return len != 0 && text[len] == '\0';
}
