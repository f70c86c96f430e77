#include "provider.h"

#include <stddef.h>
#include <string.h>

static const struct provider providers[] = {
    {"openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
    {"azure", NULL, "AZURE_API_KEY"},
    {"groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
    {"hosted_vllm", NULL, "HOSTED_VLLM_API_KEY"},
    {"llamafile", "http://localhost:8080/v1", "LLAMAFILE_API_KEY"},
    {"lm_studio", "http://localhost:1234/v1", "LM_STUDIO_API_KEY"},
    {"ollama", "http://localhost:11434/v1", "OLLAMA_API_KEY"},
    {"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    {"together_ai", "https://api.together.ai/v1", "TOGETHERAI_API_KEY"},
    {"xai", "https://api.x.ai/v1", "XAI_API_KEY"},
};

const struct provider *provider_find(const char *name)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		if (strcmp(providers[i].name, name) == 0)
			return &providers[i];
	}
	return NULL;
}
