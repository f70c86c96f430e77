#include "dialect.h"

#include "model.h"

const char *dialect_name(enum dialect dialect)
{
	static const char *const names[] = {
	    [DIALECT_RESPONSES] = "Responses API",
	    [DIALECT_CHAT] = "Chat Completions API",
	    [DIALECT_MESSAGES] = "Anthropic Messages API",
	};

	return names[dialect];
}

enum dialect deployment_dialect(const struct deployment *deployment, const char *model)
{
	(void)model;
	return deployment->has_api ? (enum dialect)deployment->api : DIALECT_RESPONSES;
}

bool deployment_has_quirk(const struct deployment *deployment, const char *model, enum quirk quirk)
{
	(void)model;
	return (deployment->quirks_given & deployment->quirks_set & 1u << quirk) != 0;
}

long deployment_max_tokens(const struct deployment *deployment, const char *model)
{
	(void)model;
	return deployment->max_tokens;
}
