#include <stdlib.h>
#include <string.h>

#include "config_deployment_internal.h"
#include "config_section.h"
#include "dialect.h"
#include "model.h"

static void set_api(struct deployment *deployment, enum dialect api)
{
	deployment->has_api = true;
	deployment->api = api;
}

void deployment_read_api(const struct config_value *value, void *dest)
{
	static const char expected[] = "responses, chat or messages";
	enum dialect api;
	char *name;

	if (!config_string(value, 0, expected, &name))
		return;
	if (dialect_find(name, &api))
		set_api(dest, api);
	else
		config_wrong(value, "\"%.60s\", expected %s", name, expected);
	free(name);
}

void deployment_read_use_chat(const struct config_value *value, void *dest)
{
	bool use_chat;

	if (config_bool(value, 0, &use_chat) && use_chat)
		set_api(dest, DIALECT_CHAT);
}

static void read_mode(const struct config_value *value, void *dest)
{
	struct deployment_draft *draft = dest;

	draft->has_mode =
	    dialect_find(config_raw_text(value), &draft->mode) && draft->mode != DIALECT_MESSAGES;
}

/* What else is in it describes the model, most of it for LiteLLM's own use. */
static const struct config_key info_keys[] = {
    {"id", CONFIG_STRING, 0, "the deployment's id",
	IN(struct deployment_draft, deployment.litellm_id)},
    {"input_cost_per_token", CONFIG_AMOUNT, IN(struct deployment_draft, deployment.input_cost),
	.max = MAX_TOKEN_COST},
    {"output_cost_per_token", CONFIG_AMOUNT, IN(struct deployment_draft, deployment.output_cost),
	.max = MAX_TOKEN_COST},
    {"mode", CONFIG_READER, .read = read_mode},
};

void deployment_read_info(const struct config_value *value, void *dest)
{
	config_section(value, "a mapping", KEYS(info_keys), dest);
}

void deployment_find_api(struct deployment_draft *draft)
{
	struct deployment *deployment = &draft->deployment;
	enum dialect api;

	if (deployment->has_api)
		return;
	if (model_names_api(span_of(deployment->model), &api)) {
		set_api(deployment, api);
	} else if (draft->has_mode) {
		set_api(deployment, draft->mode);
		deployment->api_is_mode = true;
	}
}

static const char *const quirk_keys[] = {
#define QUIRK_TEXT(name, key, meaning) [QUIRK_##name] = (key),
    QUIRKS(QUIRK_TEXT)
#undef QUIRK_TEXT
};

void deployment_read_quirk(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;
	unsigned quirk = 0;
	bool has;

	if (!config_bool(value, 0, &has))
		return;
	while (strcmp(value->key, quirk_keys[quirk]) != 0)
		quirk++;
	deployment->quirks_given |= 1u << quirk;
	if (has)
		deployment->quirks_set |= 1u << quirk;
}

void deployment_warn_of_dialect(
    const struct config_value *params, const struct deployment *deployment)
{
	/* An error may have left it without a name. */
	if (deployment->default_count == 0 || deployment->model_name == NULL ||
	    deployment_dialect(deployment, deployment->model_name) != DIALECT_RESPONSES)
		return;
	for (size_t i = 0; i < deployment->default_count; i++) {
		if (deployment->defaults[i].member == NULL)
			config_warn(params,
			    "%s is not sent with responses: the %s has nothing like it",
			    deployment->defaults[i].name, dialect_name(DIALECT_RESPONSES));
	}
}
