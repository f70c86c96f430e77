#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "config_deployment_internal.h"
#include "config_section.h"
#include "model.h"
#include "provider.h"

void deployment_cut_slashes(char *url)
{
	for (size_t len = strlen(url); len != 0 && url[len - 1] == '/'; len--)
		url[len - 1] = '\0';
}

/* Takes a version in a query off the end of the URL. */
static void cut_version(struct deployment *deployment, char *url)
{
	static const char query[] = "?api-version=";
	char *begin = strchr(url, '?');
	const char *version;

	if (begin == NULL || strncmp(begin, query, strlen(query)) != 0)
		return;
	version = begin + strlen(query);
	if (!provider_is_version(version))
		return;
	free(deployment->api_version);
	deployment->api_version = xstrdup(version);
	*begin = '\0';
}

static void cut_path(char *url, const char *under, const char *path)
{
	size_t len = strlen(url), under_len = strlen(under), path_len = strlen(path);

	if (len >= under_len + path_len && strcmp(url + len - path_len, path) == 0 &&
	    memcmp(url + len - path_len - under_len, under, under_len) == 0)
		url[len - path_len] = '\0';
}

void deployment_cut_azure_url(struct deployment *deployment, char *url)
{
	cut_version(deployment, url);
	deployment_cut_slashes(url);
	cut_path(url, "/openai", "/responses");
	cut_path(url, "/openai/v1", "/responses");
}

/* Before the provider has been taken off the model. */
static bool is_azure(const struct deployment *deployment)
{
	struct span name = {"", 0};
	const struct provider *provider;

	if (deployment->provider != NULL)
		name = span_of(deployment->provider);
	else if (deployment->model != NULL)
		name = model_provider(deployment->model);
	provider = provider_find(name);
	return provider != NULL && provider->paths != PATHS_OPENAI;
}

void deployment_read_api_base(const struct config_value *value, void *dest)
{
	static const char expected[] =
	    "a URL that begins with http:// or https://, without query and fragment";
	struct deployment *deployment = dest;
	char *url;

	if (!config_string(value, CONFIG_FOR_PROVIDERS, expected, &url))
		return;
	deployment->api_base = url;
	if (is_azure(deployment))
		deployment_cut_azure_url(deployment, url);
	if (provider_is_url(url))
		deployment_cut_slashes(url);
	else
		config_wrong(value, "not a URL of that kind, expected %s", expected);
}

void deployment_read_api_version(const struct config_value *value, void *dest)
{
	static const char expected[] = "a version of the provider's API";
	struct deployment *deployment = dest;

	if (deployment->api_version != NULL ||
	    !config_string(value, CONFIG_FOR_PROVIDERS, expected, &deployment->api_version))
		return;
	if (!provider_is_version(deployment->api_version))
		config_wrong(
		    value, "a character that no version has, expected letters, digits, - and .");
}

static const struct provider *regional_provider(void)
{
	return provider_find(span_of("bedrock"));
}

void deployment_read_region(const struct config_value *value, void *dest)
{
	static const char expected[] = "a region, of letters, digits and -";
	struct deployment *deployment = dest;
	char *region;

	if (!config_string(value, CONFIG_FOR_PROVIDERS, expected, &region))
		return;
	deployment->regional_base = provider_regional_base(regional_provider(), region);
	if (deployment->regional_base == NULL)
		config_wrong(value, "a character that no region has, expected %s", expected);
	free(region);
}

void deployment_use_default_region(const struct config_value *params, struct deployment *deployment)
{
	const char *region = provider_region();

	if (region != NULL && !param_is_given(params, "aws_region_name"))
		deployment->regional_base = provider_regional_base(regional_provider(), region);
}
