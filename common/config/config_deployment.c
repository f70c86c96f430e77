#include "config_deployment.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_credentials.h"
#include "config_deployment_internal.h"
#include "config_section.h"

void deployment_clear(struct deployment *deployment)
{
	free(deployment->id);
	free(deployment->label);
	free(deployment->model_name);
	free(deployment->model);
	free(deployment->provider);
	free(deployment->api_base);
	free(deployment->regional_base);
	free(deployment->api_key);
	free(deployment->missing);
	free(deployment->organization);
	free(deployment->api_version);
	config_free_strings(deployment->extra_headers, deployment->extra_header_count);
	config_free_strings(deployment->dropped, deployment->dropped_count);
	free(deployment->litellm_id);
	deployment_clear_defaults(deployment);
	free(deployment->extra_body);
}

static void read_model_name(const struct config_value *value, void *dest)
{
	struct deployment_draft *draft = dest;

	config_pattern(value, "the name that clients use", &draft->deployment.model_name);
}

static void append_deployment(struct config *config, const struct config_value *params,
    const char *organization, struct deployment deployment)
{
	deployment_set_id(config, params, organization, &deployment);
	config->deployments = xrealloc(
	    config->deployments, (config->deployment_count + 1) * sizeof(*config->deployments));
	config->deployments[config->deployment_count++] = deployment;
}

static char *copy_text(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void copy_strings(char ***strings, size_t count)
{
	char **from = *strings;

	*strings = NULL;
	for (size_t i = 0, copied = 0; i < count; i++)
		config_append_string(strings, &copied, xstrdup(from[i]));
}

static void copy_defaults(struct deployment *sibling, const struct request_default *from)
{
	sibling->defaults = NULL;
	if (sibling->default_count == 0)
		return;
	sibling->defaults = xcalloc(sibling->default_count, sizeof(*sibling->defaults));
	for (size_t i = 0; i < sibling->default_count; i++) {
		sibling->defaults[i].name = copy_text(from[i].name);
		sibling->defaults[i].chat_value = copy_text(from[i].chat_value);
		sibling->defaults[i].member = copy_text(from[i].member);
		sibling->defaults[i].value = xstrdup(from[i].value);
	}
}

/* One that differs in its organization, which it lacks, as it does an id and a label. */
static struct deployment sibling_of(const struct deployment *deployment)
{
	struct deployment sibling = *deployment;

	sibling.id = sibling.label = sibling.organization = NULL;
	sibling.model_name = xstrdup(deployment->model_name);
	sibling.model = xstrdup(deployment->model);
	sibling.provider = xstrdup(deployment->provider);
	sibling.api_base = copy_text(deployment->api_base);
	sibling.regional_base = copy_text(deployment->regional_base);
	sibling.api_key = copy_text(deployment->api_key);
	sibling.missing = copy_text(deployment->missing);
	sibling.api_version = copy_text(deployment->api_version);
	copy_strings(&sibling.extra_headers, deployment->extra_header_count);
	copy_strings(&sibling.dropped, deployment->dropped_count);
	sibling.litellm_id = copy_text(deployment->litellm_id);
	sibling.extra_body = copy_text(deployment->extra_body);
	copy_defaults(&sibling, deployment->defaults);
	return sibling;
}

static void append_sibling(struct config *config, const struct config_value *params,
    const struct config_value *organization, size_t first)
{
	struct deployment sibling = sibling_of(&config->deployments[first]);

	deployment_read_organization(organization, &sibling);
	deployment_note_missing(&sibling, config_unset_variable(organization));
	append_deployment(config, params, config_raw_text(organization), sibling);
}

/* A deployment, and one more for each further organization that it lists. */
static void append_deployments(
    struct config *config, const struct config_value *params, struct deployment deployment)
{
	size_t first = config->deployment_count;
	struct config_value list, organization;

	if (!config_member(params, "organization", &list)) {
		append_deployment(config, params, "", deployment);
		return;
	}
	organization = param_first_of(&list);
	append_deployment(config, params, config_raw_text(&organization), deployment);
	if (list.node->type != YAML_SEQUENCE_NODE)
		return;
	for (size_t i = 1; i < config_length(&list); i++) {
		organization = config_element(&list, i);
		append_sibling(config, params, &organization, first);
	}
}

static void read_params(const struct config_value *value, void *dest)
{
	struct config_value params = *value, credential;

	if (credentials_find(value, &credential))
		params.rest = &credential;
	deployment_read_params(&params, dest);
}

static const struct config_key deployment_keys[] = {
    {"model_name", CONFIG_READER, CONFIG_REQUIRED, "the name that clients use",
	.read = read_model_name},
    {"model_info", CONFIG_READER, .read = deployment_read_info},
    {"litellm_params", CONFIG_READER, CONFIG_REQUIRED, "a mapping with model", .read = read_params},
};

static void read_deployment(const struct config_value *value,
    const struct deployment_defaults *defaults, struct config *config)
{
	struct deployment_draft draft = {
	    .deployment = {.order = INT_MAX,
		.timeout = defaults->timeout,
		.stream_timeout = defaults->stream_timeout,
		.silence_timeout = defaults->silence_timeout,
		.drops_by_model = defaults->drop_params,
		.drop_params = defaults->drop_params},
	};
	struct config_value params, credential;

	if (!config_section(value, "a mapping with model_name and litellm_params",
		KEYS(deployment_keys), &draft) ||
	    !config_member(value, "litellm_params", &params)) {
		deployment_clear(&draft.deployment);
		return;
	}
	if (credentials_find(&params, &credential))
		params.rest = &credential;
	deployment_find_litellm_id(&params, &draft.deployment);
	append_deployments(config, &params, draft.deployment);
}

void deployments_read(const struct config_value *model_list,
    const struct deployment_defaults *defaults, struct config *config)
{
	if (!config_is_list(model_list, "a list of deployments"))
		return;
	for (size_t i = 0; i < config_length(model_list); i++) {
		struct config_value element = config_element(model_list, i);

		read_deployment(&element, defaults, config);
	}
	deployments_label(config);
}

bool deployments_have(const struct config_value *root, const char *model_name)
{
	struct config_value list, element, name;

	if (!config_find(root, "model_list", &list) || list.node->type != YAML_SEQUENCE_NODE)
		return false;
	for (size_t i = 0; i < config_length(&list); i++) {
		element = config_element(&list, i);
		if (config_find(&element, "model_name", &name) &&
		    strcmp(config_raw_text(&name), model_name) == 0)
			return true;
	}
	return false;
}
