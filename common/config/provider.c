#include "provider.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPENAI_QUIRKS = QUIRK_BIT(USES_MAX_COMPLETION_TOKENS) | QUIRK_BIT(DEVELOPER_ROLE) |
			QUIRK_BIT(OPENAI_MEMBERS),
	/* Usage is told there without having been asked for. */
	MISTRAL_QUIRKS = QUIRK_BIT(NINE_CHARACTER_CALL_IDS) | QUIRK_BIT(NO_STREAM_OPTIONS),
	VLLM_QUIRKS = QUIRK_BIT(REASONING_SENT_BACK) | QUIRK_BIT(STRING_CONTENT),
};

/*
 * not_taken has only what changes nothing of what was asked for: without previous_response_id, say,
 * the answer would be one to another question, and the provider's refusal is better than that.
 */
static const struct provider providers[] = {
    {"ai21", "https://api.ai21.com/studio/v1", {"AI21_API_KEY"}, {"AI21_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"ai21_chat", "https://api.ai21.com/studio/v1", {"AI21_API_KEY"}, {"AI21_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"anthropic", "https://api.anthropic.com", {"ANTHROPIC_API_KEY"},
	{"ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"}, .dialect = DIALECT_MESSAGES},
    {"azure", NULL, {"AZURE_OPENAI_API_KEY", "AZURE_API_KEY"}, {"AZURE_API_BASE"},
	.dialect = DIALECT_RESPONSES, .auth = AUTH_API_KEY, .paths = PATHS_AZURE,
	.version_variable = "AZURE_API_VERSION", .not_taken = " context_management ",
	.quirks = OPENAI_QUIRKS},
    {"azure_ai", NULL, {"AZURE_AI_API_KEY"}, {"AZURE_AI_API_BASE"}, .dialect = DIALECT_CHAT,
	.auth = AUTH_AZURE_AI, .paths = PATHS_AZURE_AI, .quirks = QUIRK_BIT(STRING_CONTENT)},
    {"baseten", "https://inference.baseten.co/v1", {"BASETEN_API_KEY"}, {"BASETEN_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"bedrock", "https://bedrock-runtime.*.amazonaws.com/openai/v1", {"AWS_BEARER_TOKEN_BEDROCK"},
	{"AWS_BEDROCK_RUNTIME_ENDPOINT"}, .dialect = DIALECT_CHAT, .default_path = "/openai/v1"},
    {"cerebras", "https://api.cerebras.ai/v1", {"CEREBRAS_API_KEY"}, {"CEREBRAS_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"codestral", "https://codestral.mistral.ai/v1", {"CODESTRAL_API_KEY"}, {"CODESTRAL_API_BASE"},
	.dialect = DIALECT_CHAT, .not_taken = " user ", .quirks = MISTRAL_QUIRKS},
    {"cohere", "https://api.cohere.ai/compatibility/v1", {"COHERE_API_KEY", "CO_API_KEY"},
	.dialect = DIALECT_CHAT, .quirks = QUIRK_BIT(NO_PARALLEL_TOOL_CALLS)},
    {"cohere_chat", "https://api.cohere.ai/compatibility/v1", {"COHERE_API_KEY", "CO_API_KEY"},
	.dialect = DIALECT_CHAT, .quirks = QUIRK_BIT(NO_PARALLEL_TOOL_CALLS)},
    {"dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", {"DASHSCOPE_API_KEY"},
	{"DASHSCOPE_API_BASE"}, .dialect = DIALECT_CHAT,
	.quirks = QUIRK_BIT(REASONING_SENT_BACK) | QUIRK_BIT(STRING_CONTENT)},
    {"databricks", NULL, {"DATABRICKS_API_KEY", "DATABRICKS_TOKEN"}, {"DATABRICKS_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"deepinfra", "https://api.deepinfra.com/v1/openai", {"DEEPINFRA_API_KEY"},
	{"DEEPINFRA_API_BASE"}, .dialect = DIALECT_CHAT},
    {"deepseek", "https://api.deepseek.com", {"DEEPSEEK_API_KEY"}, {"DEEPSEEK_API_BASE"},
	.dialect = DIALECT_CHAT,
	.quirks = QUIRK_BIT(REASONING_SENT_BACK) | QUIRK_BIT(THINKING_SWITCH) |
		  QUIRK_BIT(NO_JSON_SCHEMA) | QUIRK_BIT(STRING_CONTENT)},
    {"fireworks_ai", "https://api.fireworks.ai/inference/v1",
	{"FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"},
	{"FIREWORKS_API_BASE"}, .dialect = DIALECT_CHAT,
	.models_below = "accounts/fireworks/models/", .quirks = QUIRK_BIT(NO_STRICT_TOOLS)},
    {"friendliai", "https://api.friendli.ai/serverless/v1",
	{"FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"}, {"FRIENDLI_API_BASE"}, .dialect = DIALECT_CHAT},
    {"gemini", "https://generativelanguage.googleapis.com/v1beta/openai",
	{"GOOGLE_API_KEY", "GEMINI_API_KEY"}, {"GEMINI_API_BASE"}, .dialect = DIALECT_CHAT,
	.default_path = "/v1beta/openai", .quirks = QUIRK_BIT(THOUGHT_SIGNATURES)},
    {"github", "https://models.github.ai/inference", {"GITHUB_API_KEY"}, {"GITHUB_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"groq", "https://api.groq.com/openai/v1", {"GROQ_API_KEY"}, {"GROQ_API_BASE"},
	.dialect = DIALECT_RESPONSES,
	.not_taken = " include prompt_cache_key safety_identifier store truncation "},
    {"hosted_vllm", NULL, {"HOSTED_VLLM_API_KEY"}, {"HOSTED_VLLM_API_BASE"},
	.dialect = DIALECT_RESPONSES, .quirks = VLLM_QUIRKS},
    {"huggingface", "https://router.huggingface.co/v1", {"HF_TOKEN", "HUGGINGFACE_API_KEY"},
	{"HF_API_BASE", "HUGGINGFACE_API_BASE"}, .dialect = DIALECT_CHAT, .default_path = "/v1"},
    {"hyperbolic", "https://api.hyperbolic.xyz/v1", {"HYPERBOLIC_API_KEY"}, {"HYPERBOLIC_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"litellm_proxy", NULL, {"LITELLM_PROXY_API_KEY"}, {"LITELLM_PROXY_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"llamafile", "http://localhost:8080/v1", {"LLAMAFILE_API_KEY"}, {"LLAMAFILE_API_BASE"},
	.dialect = DIALECT_RESPONSES, .quirks = QUIRK_BIT(STRING_CONTENT)},
    {"lm_studio", "http://localhost:1234/v1", {"LM_STUDIO_API_KEY"}, {"LM_STUDIO_API_BASE"},
	.dialect = DIALECT_RESPONSES, .quirks = QUIRK_BIT(STRING_CONTENT)},
    {"meta_llama", "https://api.llama.com/compat/v1", {"LLAMA_API_KEY"}, {"LLAMA_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"minimax", "https://api.minimax.io/v1", {"MINIMAX_API_KEY"}, {"MINIMAX_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"mistral", "https://api.mistral.ai/v1", {"MISTRAL_AZURE_API_KEY", "MISTRAL_API_KEY"},
	{"MISTRAL_AZURE_API_BASE", "MISTRAL_API_BASE"}, .dialect = DIALECT_CHAT,
	.default_path = "/v1", .not_taken = " user ", .quirks = MISTRAL_QUIRKS},
    {"moonshot", "https://api.moonshot.ai/v1", {"MOONSHOT_API_KEY"}, {"MOONSHOT_API_BASE"},
	.dialect = DIALECT_CHAT,
	.quirks = QUIRK_BIT(REASONING_SENT_BACK) | QUIRK_BIT(STRING_CONTENT) |
		  QUIRK_BIT(UNSIGNED_THINKING)},
    {"nebius", "https://api.studio.nebius.ai/v1", {"NEBIUS_API_KEY"}, {"NEBIUS_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"novita", "https://api.novita.ai/v3/openai", {"NOVITA_API_KEY"}, {"NOVITA_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"nvidia_nim", "https://integrate.api.nvidia.com/v1", {"NVIDIA_NIM_API_KEY"},
	{"NVIDIA_NIM_API_BASE"}, .dialect = DIALECT_CHAT},
    {"ollama", "http://localhost:11434/v1", {"OLLAMA_API_KEY"}, {"OLLAMA_API_BASE"},
	.dialect = DIALECT_RESPONSES, .default_path = "/v1", .not_taken = " truncation ",
	.quirks = QUIRK_BIT(STRING_CONTENT)},
    {"ollama_chat", "http://localhost:11434/v1", {"OLLAMA_API_KEY"}, {"OLLAMA_API_BASE"},
	.dialect = DIALECT_CHAT, .default_path = "/v1", .quirks = QUIRK_BIT(STRING_CONTENT)},
    {"openai", "https://api.openai.com/v1", {"OPENAI_API_KEY"},
	{"OPENAI_BASE_URL", "OPENAI_API_BASE"}, .dialect = DIALECT_RESPONSES,
	.quirks = OPENAI_QUIRKS, .quirks_host = "api.openai.com"},
    {"openai_like", NULL, {"OPENAI_LIKE_API_KEY"}, {"OPENAI_LIKE_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"openrouter", "https://openrouter.ai/api/v1", {"OPENROUTER_API_KEY", "OR_API_KEY"},
	{"OPENROUTER_API_BASE"}, .dialect = DIALECT_RESPONSES, .not_taken = " store ",
	.quirks = QUIRK_BIT(REASONING_DETAILS)},
    {"perplexity", "https://api.perplexity.ai", {"PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"},
	{"PERPLEXITY_API_BASE"}, .dialect = DIALECT_CHAT,
	.quirks = QUIRK_BIT(NO_STREAM_OPTIONS) | QUIRK_BIT(NO_PARALLEL_TOOL_CALLS)},
    {"sambanova", "https://api.sambanova.ai/v1", {"SAMBANOVA_API_KEY"}, {"SAMBANOVA_API_BASE"},
	.dialect = DIALECT_CHAT},
    {"together_ai", "https://api.together.ai/v1",
	{"TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN"},
	{"TOGETHER_AI_API_BASE"}, .dialect = DIALECT_CHAT},
    {"vllm", NULL, {"HOSTED_VLLM_API_KEY"}, {"HOSTED_VLLM_API_BASE"}, .dialect = DIALECT_RESPONSES,
	.quirks = VLLM_QUIRKS},
    {"volcengine", "https://ark.cn-beijing.volces.com/api/v3", {"VOLCENGINE_API_KEY"},
	{"VOLCENGINE_API_BASE"}, .dialect = DIALECT_CHAT},
    {"xai", "https://api.x.ai/v1", {"XAI_API_KEY"}, {"XAI_API_BASE"}, .dialect = DIALECT_RESPONSES,
	.not_taken = " frequency_penalty metadata presence_penalty truncation ",
	.quirks = QUIRK_BIT(NO_STRICT_TOOLS)},
    {"zai", "https://api.z.ai/api/paas/v4", {"ZAI_API_KEY"}, {"ZAI_API_BASE"},
	.dialect = DIALECT_CHAT},
};

/* Names of LiteLLM's for providers that have an API of their own. */
static const char *const with_own_api[] = {
    "aleph_alpha",
    "anthropic_text",
    "bedrock_converse",
    "cloudflare",
    "deepgram",
    "elevenlabs",
    "jina_ai",
    "nlp_cloud",
    "oobabooga",
    "palm",
    "petals",
    "predibase",
    "replicate",
    "sagemaker",
    "sagemaker_chat",
    "snowflake",
    "text-completion-openai",
    "vertex_ai",
    "vertex_ai_beta",
    "voyage",
    "watsonx",
    "watsonx_text",
};

/* As LiteLLM looks at them. */
static const char *const region_variables[PROVIDER_VARIABLES] = {
    "AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"};

static const char region_characters[] = "0123456789-abcdefghijklmnopqrstuvwxyz";

const struct provider *provider_find(struct span name)
{
	for (size_t i = 0; name.len > 0 && i < sizeof(providers) / sizeof(providers[0]); i++) {
		if (name.p[0] == providers[i].name[0] && span_is(name, providers[i].name))
			return &providers[i];
	}
	return NULL;
}

bool provider_has_own_api(struct span name)
{
	for (size_t i = 0; i < sizeof(with_own_api) / sizeof(with_own_api[0]); i++) {
		if (span_is(name, with_own_api[i]))
			return true;
	}
	return false;
}

/* What follows the base in the URL; NULL if that is below another one. */
static const char *behind_base(const char *url, const char *base)
{
	const char *star = strchr(base, '*');
	size_t len = strcspn(base, "*");

	if (strncmp(url, base, len) != 0)
		return NULL;
	url += len;
	if (star == NULL)
		return url;
	len = strspn(url, region_characters);
	if (len == 0 || strncmp(url + len, star + 1, strlen(star + 1)) != 0)
		return NULL;
	return url + len + strlen(star + 1);
}

const char *provider_of_base(const char *url)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		const char *base = providers[i].api_base, *rest;

		if (base == NULL || strncmp(base, "https://", strlen("https://")) != 0)
			continue;
		rest = behind_base(url, base);
		if (rest != NULL && (*rest == '\0' || *rest == '/'))
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
	return provider_is_regional(provider) ? NULL : provider->api_base;
}

bool provider_is_regional(const struct provider *provider)
{
	return provider->api_base != NULL && strchr(provider->api_base, '*') != NULL;
}

char *provider_regional_base(const struct provider *provider, const char *region)
{
	size_t before = strcspn(provider->api_base, "*");
	struct buf base = {0};

	if (region[0] == '\0' || region[strspn(region, region_characters)] != '\0')
		return NULL;
	buf_append(&base, provider->api_base, before);
	buf_puts(&base, region);
	buf_puts(&base, provider->api_base + before + 1);
	buf_cstr(&base);
	return base.data;
}

const char *provider_region(void)
{
	const char *variable = provider_variable(region_variables);

	return variable != NULL ? getenv(variable) : NULL;
}

unsigned provider_quirks(const struct provider *provider, const char *base)
{
	if (provider->quirks_host != NULL && base != NULL &&
	    !provider_is_at_host(span_of(base), provider->quirks_host))
		return 0;
	return provider->quirks;
}

bool provider_is_at_host(struct span url, const char *host)
{
	const char *begin = memmem(url.p, url.len, "://", 3), *end = url.p + url.len;
	size_t len = strlen(host), url_host;

	if (begin == NULL)
		return false;
	begin += 3;
	for (const char *p = begin; p < end; p++) {
		if (*p == '/' || *p == ':')
			end = p;
	}
	url_host = (size_t)(end - begin);
	if (url_host < len || memcmp(end - len, host, len) != 0)
		return false;
	return url_host == len || end[-(ptrdiff_t)len - 1] == '.';
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
