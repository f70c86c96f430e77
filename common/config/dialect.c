#include "dialect.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "claude_models.h"
#include "model.h"

enum { MESSAGES_MAX_TOKENS = 4096 };

_Static_assert(QUIRK_COUNT <= sizeof(unsigned) * CHAR_BIT, "a set of quirks is an unsigned");

static const struct {
	const char *key, *name;
} dialects[] = {
    [DIALECT_RESPONSES] = {"responses", "Responses API"},
    [DIALECT_CHAT] = {"chat", "Chat Completions API"},
    [DIALECT_MESSAGES] = {"messages", "Anthropic Messages API"},
};

const char *dialect_name(enum dialect dialect)
{
	return dialects[dialect].name;
}

bool dialect_find(const char *name, enum dialect *dialect)
{
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		if (strcmp(dialects[i].key, name) == 0) {
			*dialect = (enum dialect)i;
			return true;
		}
	}
	return false;
}

static bool ends_with(struct span text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && memcmp(text.p + text.len - len, end, len) == 0;
}

bool dialect_of_url(struct span url, enum dialect *dialect)
{
	while (url.len != 0 && url.p[url.len - 1] == '/')
		url.len--;
	if (ends_with(url, "/chat/completions"))
		*dialect = DIALECT_CHAT;
	else if (ends_with(url, "/v1/messages"))
		*dialect = DIALECT_MESSAGES;
	else
		return false;
	return true;
}

static enum dialect default_dialect(const struct deployment *deployment, const char *model)
{
	const struct provider *provider = deployment_table_line(deployment, model);
	const char *base = deployment_base(deployment, model);
	enum dialect api;

	if (base != NULL && dialect_of_url(span_of(base), &api))
		return api;
	return provider != NULL ? provider->dialect : DIALECT_RESPONSES;
}

enum dialect deployment_dialect(const struct deployment *deployment, const char *model)
{
	enum dialect api;

	if (deployment->has_api && !deployment->api_is_mode)
		return (enum dialect)deployment->api;
	if (model_asks_for_api(deployment, model, &api))
		return api;
	api = default_dialect(deployment, model);
	/* A mode tells OpenAI's two APIs apart; every model of Anthropic's is one for chats. */
	if (deployment->has_api && api != DIALECT_MESSAGES)
		return (enum dialect)deployment->api;
	return api;
}

static unsigned model_quirks(const struct deployment *deployment, const char *model)
{
	unsigned quirks;
	char *name;

	if (deployment_dialect(deployment, model) != DIALECT_MESSAGES)
		return 0;
	name = model_upstream_name(deployment, model);
	quirks = claude_quirks(name);
	free(name);
	return quirks;
}

static unsigned table_quirks(const struct deployment *deployment, const char *model)
{
	const struct provider *provider = deployment_table_line(deployment, model);

	return provider != NULL ? provider_quirks(provider, deployment_base(deployment, model)) : 0;
}

unsigned deployment_quirks(const struct deployment *deployment, const char *model)
{
	unsigned quirks = table_quirks(deployment, model) | model_quirks(deployment, model);

	return (quirks & ~deployment->quirks_given) |
	       (deployment->quirks_set & deployment->quirks_given);
}

bool deployment_has_quirk(const struct deployment *deployment, const char *model, enum quirk quirk)
{
	return (deployment_quirks(deployment, model) & 1u << quirk) != 0;
}

long deployment_max_tokens(const struct deployment *deployment, const char *model)
{
	long most;
	char *name;

	if (deployment->max_tokens != 0)
		return deployment->max_tokens;
	if (deployment_dialect(deployment, model) != DIALECT_MESSAGES)
		return 0;
	name = model_upstream_name(deployment, model);
	most = claude_max_tokens(name);
	free(name);
	return most != 0 ? most : MESSAGES_MAX_TOKENS;
}
