#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "config_credentials.h"
#include "config_deployment_internal.h"
#include "config_router.h"
#include "config_section.h"

static void read_model(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;
	const char *slash;

	if (!config_pattern(value, "provider/model", &deployment->model))
		return;
	slash = strchr(deployment->model, '/');
	if (slash == deployment->model)
		config_wrong(value, "\"%.60s\" lacks a name before the /, expected provider/model",
		    deployment->model);
}

struct config_value param_first_of(const struct config_value *value)
{
	if (value->node->type == YAML_SEQUENCE_NODE && config_length(value) != 0)
		return config_element(value, 0);
	return *value;
}

bool param_is_given(const struct config_value *params, const char *name)
{
	struct config_value given;

	return config_member(params, name, &given);
}

void deployment_read_organization(const struct config_value *value, struct deployment *deployment)
{
	config_string(
	    value, CONFIG_FOR_PROVIDERS, "the organization's id", &deployment->organization);
}

static void read_organization(const struct config_value *value, void *dest)
{
	struct config_value first = param_first_of(value);

	deployment_read_organization(&first, dest);
}

static const struct config_key retries_key = {
    "num_retries", CONFIG_INT, IN(struct deployment, num_retries), .min = 0, .max = MAX_RETRIES};

static void read_retries(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;

	deployment->has_retries = config_one(value, &retries_key, dest);
}

/* A key that wins over another one of the same meaning stands behind it. */
static const struct config_key params_keys[] = {
    {"model", CONFIG_READER, CONFIG_REQUIRED, "provider/model", .read = read_model},
    {"litellm_credential_name", CONFIG_READER, .read = credentials_check_name},
    {"custom_llm_provider", CONFIG_STRING, 0, "a provider's name", IN(struct deployment, provider)},
    {"api_base", CONFIG_READER, .read = deployment_read_api_base},
    {"api_key", CONFIG_SECRET, CONFIG_FOR_PROVIDERS | CONFIG_MAY_BE_EMPTY, "the provider's key",
	IN(struct deployment, api_key)},
    {"organization", CONFIG_READER, .read = read_organization},
    {"api_version", CONFIG_READER, .read = deployment_read_api_version},
    {"extra_headers", CONFIG_READER, .read = deployment_read_extra_headers},
    {"use_chat_completions_api", CONFIG_READER, .read = deployment_read_use_chat},
    {"api", CONFIG_READER, .read = deployment_read_api},
    {"aws_region_name", CONFIG_READER, .read = deployment_read_region},
    {"max_output_tokens", CONFIG_LONG, IN(struct deployment, max_tokens), .min = 1, .max = INT_MAX},
    {"max_completion_tokens", CONFIG_LONG, IN(struct deployment, max_tokens), .min = 1,
	.max = INT_MAX},
    {"max_tokens", CONFIG_LONG, IN(struct deployment, max_tokens), .min = 1, .max = INT_MAX},
#define DEFAULT_KEY(key, chat, member, types, expected)                                            \
	{key, CONFIG_READER, .read = deployment_read_default},
    REQUEST_DEFAULTS(DEFAULT_KEY)
#undef DEFAULT_KEY
	{"response_format", CONFIG_READER, .read = deployment_read_response_format},
    {"tools", CONFIG_READER, .read = deployment_read_tools},
    {"tool_choice", CONFIG_READER, .read = deployment_read_tool_choice},
    {"reasoning_effort", CONFIG_READER, .read = deployment_read_parts},
    {"reasoning", CONFIG_READER, .read = deployment_read_parts},
    {"text", CONFIG_READER, .read = deployment_read_parts},
    {"n", CONFIG_READER, .read = deployment_read_answers},
    {"extra_body", CONFIG_READER, .read = deployment_read_extra_body},
#define QUIRK_KEY(name, key, meaning) {key, CONFIG_READER, .read = deployment_read_quirk},
    QUIRKS(QUIRK_KEY)
#undef QUIRK_KEY
	{"drop_params", CONFIG_READER, .read = deployment_read_drop_params},
    {"additional_drop_params", CONFIG_READER, .read = deployment_read_dropped_names},
    {"weight", CONFIG_NUMBER, CONFIG_MAY_BE_ZERO, IN(struct deployment, weight), .max = INT_MAX},
    {"rpm", CONFIG_INT, IN(struct deployment, rpm), .min = 0, .max = INT_MAX},
    {"tpm", CONFIG_INT, IN(struct deployment, tpm), .min = 0, .max = INT_MAX},
    {"input_cost_per_token", CONFIG_AMOUNT, IN(struct deployment, input_cost),
	.max = MAX_TOKEN_COST},
    {"output_cost_per_token", CONFIG_AMOUNT, IN(struct deployment, output_cost),
	.max = MAX_TOKEN_COST},
    {"order", CONFIG_INT, IN(struct deployment, order), .min = INT_MIN, .max = INT_MAX},
    {"max_parallel_requests", CONFIG_INT, IN(struct deployment, max_parallel_requests), .min = 0,
	.max = INT_MAX},
    {"max_retries", CONFIG_READER, .read = read_retries},
    {"num_retries", CONFIG_READER, .read = read_retries},
    {"request_timeout", CONFIG_SECONDS, IN(struct deployment, timeout), .max = MAX_SECONDS},
    {"timeout", CONFIG_SECONDS, IN(struct deployment, timeout), .max = MAX_SECONDS},
    {"stream_timeout", CONFIG_SECONDS, IN(struct deployment, stream_timeout), .max = MAX_SECONDS},
    {"silence_timeout", CONFIG_SECONDS, IN(struct deployment, silence_timeout), .max = MAX_SECONDS},
};

void deployment_note_missing(struct deployment *deployment, const char *variable)
{
	if (variable != NULL && deployment->missing == NULL)
		deployment->missing = xstrdup(variable);
}

/* "azure/", say, which LiteLLM takes for models that are called in another way. */
static void give_up_nameless(const struct config_value *params, struct deployment *deployment)
{
	config_warn(params, "model has no name after the /: the deployment cannot be used");
	free(deployment->api_base);
	deployment->api_base = NULL;
}

/* Notes the first variable that is missing here of those that the parameters name. */
static void note_unset_variables(const struct config_value *params, struct deployment *deployment)
{
	static const char *const names[] = {
	    "api_base", "api_key", "api_version", "aws_region_name", "organization"};
	struct config_value value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!config_member(params, names[i], &value))
			continue;
		value = param_first_of(&value);
		deployment_note_missing(deployment, config_unset_variable(&value));
	}
	deployment_note_unset_in_headers(params, deployment);
}

/* Clients choose where it goes. */
static void warn_of_open_key(const struct config_value *params, const struct deployment *deployment)
{
	if (deployment->api_key != NULL && !param_is_given(params, "api_base"))
		config_warn(params,
		    "api_key is sent to whatever provider the model that is asked for names, "
		    "expected an api_base beside it");
}

void deployment_read_params(const struct config_value *value, void *dest)
{
	struct deployment_draft *draft = dest;
	struct deployment *deployment = &draft->deployment;

	if (!config_section(value, "a mapping with model", KEYS(params_keys), deployment))
		return;
	deployment_split_model(value, draft);
	note_unset_variables(value, deployment);
	deployment_note_max_tokens(deployment);
	deployment_use_default_region(value, deployment);
	if (deployment->any_provider) {
		warn_of_open_key(value, deployment);
		return;
	}
	deployment_use_provider_defaults(value, draft);
	deployment_warn_of_provider(value, deployment);
	deployment_warn_of_dialect(value, deployment);
	if (deployment->model[0] == '\0')
		give_up_nameless(value, deployment);
}
