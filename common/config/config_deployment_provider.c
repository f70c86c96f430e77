#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "config_deployment_internal.h"
#include "config_section.h"
#include "model.h"
#include "model_names.h"
#include "provider.h"

static bool is_known(struct span provider)
{
	return provider_find(provider) != NULL || provider_has_own_api(provider);
}

/* Google serves its models in two ways, and one of them has parameters of its own. */
static bool is_vertex(const struct config_value *params)
{
	return param_is_given(params, "vertex_project") ||
	       param_is_given(params, "vertex_location") ||
	       param_is_given(params, "vertex_credentials");
}

/* By api_base as it stands in the file, so that all processes see the same; or NULL. */
static const char *provider_by_base(const struct config_value *params)
{
	struct config_value base;

	return config_member(params, "api_base", &base) ? provider_of_base(config_raw_text(&base))
							: NULL;
}

static const char *provider_by_name(const struct config_value *params, const char *model)
{
	const char *name = model_name_provider(span_of(model));

	if (name != NULL && strcmp(name, "gemini") == 0 && is_vertex(params))
		return "vertex_ai";
	return name;
}

static void wrong_model(const struct config_value *params)
{
	struct config_value model;

	if (config_member(params, "model", &model))
		config_wrong(&model,
		    "\"%.60s\" cannot be resolved to a provider, expected provider/model, or "
		    "custom_llm_provider or api_base beside it",
		    config_raw_text(&model));
}

/* A key in the environment is for the API of its owner. */
static void warn_of_unused_key(
    const struct config_value *params, const struct deployment *deployment)
{
	const struct provider *provider = provider_find(span_of(deployment->provider));
	const char *variable = provider != NULL ? provider_variable(provider->key_variables) : NULL;

	if (variable != NULL && !param_is_given(params, "api_key"))
		config_warn(params,
		    "nothing but its name says whose the model is: the key in %s is not sent to "
		    "api_base, expected %s/model or api_key if it should be",
		    variable, deployment->provider);
}

/*
 * Finds the provider of a deployment that does not name it apart from model. Reports an error if
 * nothing says it. As in LiteLLM, a known api_base says more than the model's name.
 */
static void find_provider(const struct config_value *params, struct deployment_draft *draft)
{
	struct deployment *deployment = &draft->deployment;
	struct span prefix = model_provider(deployment->model);
	const char *owner = provider_by_base(params), *name = owner;

	if (prefix.len != 0 && (owner == NULL || is_known(prefix))) {
		deployment->provider = xmemdup(prefix.p, prefix.len);
		return;
	}
	if (name == NULL)
		name = provider_by_name(params, deployment->model);
	deployment->provider = xstrdup(name != NULL ? name : "openai");
	if (name == NULL && !param_is_given(params, "api_base"))
		wrong_model(params);
	draft->keyless = param_is_given(params, "api_base") && owner == NULL &&
			 (name == NULL || strcmp(name, "openai") != 0);
	if (draft->keyless)
		warn_of_unused_key(params, deployment);
}

static void cut_prefix(char *model, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(model, prefix, len) == 0 && model[len] == '/')
		memmove(model, model + len + 1, strlen(model + len + 1) + 1);
}

void deployment_split_model(const struct config_value *params, struct deployment_draft *draft)
{
	struct deployment *deployment = &draft->deployment;

	deployment->any_provider = deployment->provider == NULL && deployment->model[0] == '*';
	if (deployment->any_provider) {
		deployment->provider = xstrdup("openai"); /* of one that is nobody's */
		deployment_find_api(draft);
		return;
	}
	if (deployment->provider == NULL)
		find_provider(params, draft);
	cut_prefix(deployment->model, deployment->provider);
	deployment_find_api(draft);
	model_drop_api(deployment->model);
}

/* What is in a variable that the provider's table names cannot be used. */
static void wrong_default(const struct config_value *params, struct deployment *deployment,
    const char *variable, const char *problem, const char *expected)
{
	deployment_note_missing(deployment, variable);
	if (!(params->file->unneeded & CONFIG_FOR_PROVIDERS))
		config_wrong(
		    params, "%s environment variable %s, expected %s", problem, variable, expected);
}

static void use_default_key(const struct config_value *params, const struct provider *provider,
    struct deployment *deployment)
{
	const char *variable = provider_variable(provider->key_variables);

	if (variable == NULL)
		return;
	if (config_is_clean_secret(getenv(variable)))
		deployment->api_key = xstrdup(getenv(variable));
	else
		wrong_default(params, deployment, variable, "a blank or control character in",
		    "the provider's key");
}

static void use_default_base(const struct config_value *params, const struct provider *provider,
    struct deployment *deployment)
{
	const char *variable = provider_variable(provider->base_variables);
	const char *base = provider->api_base;
	char *url;

	if (variable != NULL)
		base = getenv(variable);
	else if (provider_is_regional(provider))
		base = deployment->regional_base;

	if (base == NULL)
		return;
	url = xstrdup(base);
	if (provider->paths != PATHS_OPENAI)
		deployment_cut_azure_url(deployment, url);
	if (provider_is_url(url)) {
		deployment_cut_slashes(url);
		deployment->api_base = url;
		return;
	}
	free(url);
	wrong_default(params, deployment, variable, "the value of",
	    "a URL that begins with http:// or https://, without query and fragment");
}

static void use_default_version(const struct config_value *params, const struct provider *provider,
    struct deployment *deployment)
{
	const char *variable = provider->version_variable;
	const char *version = variable != NULL ? getenv(variable) : NULL;

	if (deployment->api_version != NULL || version == NULL || version[0] == '\0')
		return;
	if (provider_is_version(version))
		deployment->api_version = xstrdup(version);
	else
		wrong_default(params, deployment, variable, "the value of",
		    "a version of the provider's API");
}

void deployment_use_provider_defaults(
    const struct config_value *params, struct deployment_draft *draft)
{
	struct deployment *deployment = &draft->deployment;
	const struct provider *provider = provider_find(span_of(deployment->provider));

	if (provider != NULL && !param_is_given(params, "api_base"))
		use_default_base(params, provider, deployment);
	if (provider != NULL && !draft->keyless && !param_is_given(params, "api_key"))
		use_default_key(params, provider, deployment);
	if (provider != NULL && !param_is_given(params, "api_version"))
		use_default_version(params, provider, deployment);
	if (provider != NULL && deployment->drops_by_model)
		deployment_drop_what_is_not_taken(provider, deployment);
	deployment->drops_by_model = false;
}

/* Whether it has an API that is not spoken here, and nothing says that it is another one there. */
static bool is_foreign(const struct config_value *params, const struct deployment *deployment)
{
	if (!provider_has_own_api(span_of(deployment->provider)))
		return false;
	return !deployment->has_api || deployment->api_is_mode ||
	       !param_is_given(params, "api_base");
}

static void warn_of_unknown_base(
    const struct config_value *params, const struct deployment *deployment)
{
	const struct provider *provider = provider_find(span_of(deployment->provider));

	if (provider != NULL && provider_is_regional(provider))
		config_warn(params,
		    "no region is known for provider \"%s\", expected aws_region_name or "
		    "AWS_REGION_NAME: the deployment cannot be used",
		    deployment->provider);
	else
		config_warn(params,
		    "no api_base, and none is known for provider \"%s\": "
		    "the deployment cannot be used",
		    deployment->provider);
}

/* LiteLLM signs what goes there with keys of AWS's. Who asks it here needs another one. */
static bool lacks_bearer_token(
    const struct config_value *params, const struct deployment *deployment)
{
	if (deployment->regional_base == NULL || deployment->api_base == NULL ||
	    strcmp(deployment->api_base, deployment->regional_base) != 0)
		return false;
	return !(params->file->unneeded & CONFIG_FOR_PROVIDERS) && deployment->api_key == NULL &&
	       deployment->missing == NULL && deployment->extra_header_count == 0;
}

void deployment_warn_of_provider(
    const struct config_value *params, const struct deployment *deployment)
{
	const bool has_base = param_is_given(params, "api_base") || deployment->api_base != NULL;

	if (is_foreign(params, deployment))
		config_warn(params,
		    has_base ? "provider \"%s\" is not known to serve the Responses API, which is "
			       "what will be asked of its api_base: expected api if it is another"
			     : "provider \"%s\" has an API of its own, which is not spoken here: "
			       "the deployment cannot be used",
		    deployment->provider);
	else if (!has_base && deployment->missing == NULL)
		warn_of_unknown_base(params, deployment);
	else if (lacks_bearer_token(params, deployment))
		config_warn(params,
		    "requests to provider \"%s\" are not signed, expected api_key or "
		    "AWS_BEARER_TOKEN_BEDROCK: it will refuse them",
		    deployment->provider);
}
