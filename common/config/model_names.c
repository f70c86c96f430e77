#include "model_names.h"

#include <string.h>

/*
 * What names begin with, by provider: the first line that fits counts. Models that several
 * providers serve under one name, as those of open weights, are nobody's.
 */
static const struct {
	const char *provider; /* NULL: nobody's */
	const char *beginnings;
} owners[] = {
    {NULL, "gpt-oss gpt-j- gpt-neo"},
    {"openai",
	"gpt- o1 o2 o3 o4 o5 o6 o7 o8 o9 chatgpt- chat-latest codex- ft: computer-use-preview "
	"babbage- dall-e- davinci- omni-moderation- sora- text-embedding-3 text-embedding-ada "
	"text-moderation- tts-1 whisper-1"},
    {"anthropic", "claude-"},
    {"gemini", "gemini-"},
    {"vertex_ai", "medlm- multimodalembedding text-embedding-0 text-multilingual-embedding- "
		  "text-unicorn"},
    {"deepseek", "deepseek-"},
    {"mistral", "mistral- codestral- devstral- magistral- ministral- open-codestral- "
		"open-mistral- open-mixtral- pixtral- voxtral-"},
    {"cohere", "command- c4ai- embed-english- embed-multilingual- rerank-"},
    {"xai", "grok-"},
    {"perplexity", "sonar"},
    {"moonshot", "moonshot-"},
    {"ai21_chat", "jamba- j2-"},
    /* A maker, and a region before it where the model is called across regions. */
    {"bedrock", "ai21. amazon. anthropic. cohere. deepseek. google. meta. minimax. mistral. "
		"moonshot. moonshotai. nvidia. openai. qwen. stability. twelvelabs. writer. zai. "
		"apac. au. eu. global. jp. us. us-gov."},
};

static bool begins_with_one(struct span name, const char *beginnings)
{
	const char *p = beginnings;

	while (*p != '\0') {
		size_t len = strcspn(p, " ");

		if (name.len >= len && memcmp(name.p, p, len) == 0)
			return true;
		p += len + strspn(p + len, " ");
	}
	return false;
}

const char *model_name_provider(struct span name)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (begins_with_one(name, owners[i].beginnings))
			return owners[i].provider;
	}
	return NULL;
}
