#include "api_path.h"

#include "common/config/dialect.h"

bool api_path_is_chat(struct span path)
{
	return span_is(path, "chat/completions");
}

bool api_path_is_beside_chat(struct span path)
{
	return api_path_is_chat(path) || span_is(path, "embeddings");
}

/* Who has the Responses API has Chat Completions below the same base. */
unsigned api_path_apis(struct span path)
{
	if (span_is(path, "responses"))
		return 0;
	if (api_path_is_beside_chat(path))
		return 1u << DIALECT_RESPONSES | 1u << DIALECT_CHAT;
	return 1u << DIALECT_RESPONSES;
}
