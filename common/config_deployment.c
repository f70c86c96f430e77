#include "config_deployment.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_section.h"
#include "provider.h"

enum { MAX_SECONDS = 7 * 24 * 3600 };

void deployment_clear(struct deployment *deployment)
{
	free(deployment->model_name);
	free(deployment->model);
	free(deployment->provider);
	free(deployment->api_base);
	free(deployment->api_key);
}

static bool has_one_star_at_most(const char *pattern)
{
	const char *star = strchr(pattern, '*');

	return star == NULL || strchr(star + 1, '*') == NULL;
}

/* False after an error; *out may be set then as well. */
static bool read_pattern(const struct config_value *value, const char *expected, char **out)
{
	if (!config_string(value, 0, expected, out))
		return false;
	if (has_one_star_at_most(*out))
		return true;
	config_wrong(value, "\"%.60s\" with more than one *, expected one at most", *out);
	return false;
}

static void read_model_name(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;

	read_pattern(value, "the name that clients use", &deployment->model_name);
}

static void read_model(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;
	const char *slash;

	if (!read_pattern(value, "provider/model", &deployment->model))
		return;
	slash = strchr(deployment->model, '/');
	if (slash != NULL && (slash == deployment->model || slash[1] == '\0'))
		config_wrong(value,
		    "\"%.60s\" lacks a name on one side of the /, expected provider/model",
		    deployment->model);
}

static bool is_http_url(const char *url)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(url, schemes[i], len) == 0)
			return url[len] != '\0' && url[len] != '/' && strchr(url, ' ') == NULL;
	}
	return false;
}

static void read_api_base(const struct config_value *value, void *dest)
{
	static const char expected[] = "a URL that begins with http:// or https://";
	struct deployment *deployment = dest;
	char *url;
	size_t len;

	if (!config_string(value, CONFIG_FOR_PROVIDERS, expected, &url))
		return;
	deployment->api_base = url;
	if (!is_http_url(url)) {
		config_wrong(value, "not a URL of that kind, expected %s", expected);
		return;
	}
	for (len = strlen(url); url[len - 1] == '/'; len--)
		url[len - 1] = '\0';
}

static const struct config_key params_keys[] = {
    {"model", CONFIG_READER, CONFIG_REQUIRED, "provider/model", .read = read_model},
    {"custom_llm_provider", CONFIG_STRING, 0, "a provider's name", IN(struct deployment, provider)},
    {"api_base", CONFIG_READER, .read = read_api_base},
    {"api_key", CONFIG_SECRET, CONFIG_FOR_PROVIDERS | CONFIG_MAY_BE_EMPTY, "the provider's key",
	IN(struct deployment, api_key)},
    {"timeout", CONFIG_SECONDS, IN(struct deployment, timeout), .max = MAX_SECONDS},
    {"stream_timeout", CONFIG_SECONDS, IN(struct deployment, stream_timeout), .max = MAX_SECONDS},
};

/* Takes the provider off the front of the model, unless another one was named for it. */
static void split_model(struct deployment *deployment)
{
	char *model = deployment->model;
	const char *slash = strchr(model, '/');
	size_t len = slash != NULL ? (size_t)(slash - model) : 0;

	deployment->any_provider = deployment->provider == NULL && model[0] == '*';
	if (deployment->any_provider) {
		deployment->provider = xstrdup("openai"); /* of a model without a slash */
		return;
	}
	if (deployment->provider == NULL)
		deployment->provider = slash != NULL ? xmemdup(model, len) : xstrdup("openai");
	if (slash != NULL && span_is((struct span){model, len}, deployment->provider))
		memmove(model, slash + 1, strlen(slash + 1) + 1);
}

/* The key in the provider's own variable, or NULL. */
static char *default_key(const struct config_value *params, const struct provider *provider)
{
	const char *key = getenv(provider->key_variable);

	if (key == NULL || key[0] == '\0')
		return NULL;
	if (config_is_clean_secret(key))
		return xstrdup(key);
	if (!(params->file->unneeded & CONFIG_FOR_PROVIDERS))
		config_wrong(params,
		    "a blank or control character in environment variable %s, "
		    "expected the provider's key",
		    provider->key_variable);
	return NULL;
}

/* Fills in what the provider's table knows and the deployment does not say. */
static void use_provider_defaults(const struct config_value *params, struct deployment *deployment)
{
	const struct provider *provider = provider_find(deployment->provider);
	struct config_value given;
	bool has_base = config_member(params, "api_base", &given);
	bool has_key = config_member(params, "api_key", &given);

	if (!has_base && provider != NULL && provider->api_base != NULL)
		deployment->api_base = xstrdup(provider->api_base);
	else if (!has_base)
		config_warn(params,
		    "no api_base, and none is known for provider \"%s\": "
		    "the deployment cannot be used",
		    deployment->provider);
	if (!has_key && provider != NULL)
		deployment->api_key = default_key(params, provider);
}

static void read_params(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;

	if (!config_section(value, "a mapping with model", KEYS(params_keys), deployment))
		return;
	split_model(deployment);
	if (!deployment->any_provider)
		use_provider_defaults(value, deployment);
}

static const struct config_key deployment_keys[] = {
    {"model_name", CONFIG_READER, CONFIG_REQUIRED, "the name that clients use",
	.read = read_model_name},
    {"litellm_params", CONFIG_READER, CONFIG_REQUIRED, "a mapping with model", .read = read_params},
};

static void read_deployment(const struct config_value *value, struct config *config)
{
	struct deployment deployment = {.timeout = 600, .stream_timeout = 120};

	if (!config_section(value, "a mapping with model_name and litellm_params",
		KEYS(deployment_keys), &deployment)) {
		deployment_clear(&deployment);
		return;
	}
	config->deployments = xrealloc(
	    config->deployments, (config->deployment_count + 1) * sizeof(*config->deployments));
	config->deployments[config->deployment_count++] = deployment;
}

void deployments_read(const struct config_value *model_list, struct config *config)
{
	if (!config_is_list(model_list, "a list of deployments"))
		return;
	for (size_t i = 0; i < config_length(model_list); i++) {
		struct config_value element = config_element(model_list, i);

		read_deployment(&element, config);
	}
}
