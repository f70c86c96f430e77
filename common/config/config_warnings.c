#include "config_warnings.h"

#include <string.h>

/* Whether a deployment before this one lacks the same variable. */
static bool is_known_missing(const struct config *config, size_t index)
{
	const char *variable = config->deployments[index].missing;

	for (size_t i = 0; i < index; i++) {
		const char *other = config->deployments[i].missing;

		if (other != NULL && strcmp(other, variable) == 0)
			return true;
	}
	return false;
}

static void warn_of_missing_variables(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		const struct deployment *deployment = &config->deployments[i];

		if (deployment->missing != NULL && !is_known_missing(config, i))
			log_warnx("%s: environment variable %.100s is not set or not usable: "
				  "requests that are passed through to the deployments of \"%s\" "
				  "that need it will be refused",
			    path, deployment->missing, deployment->model_name);
	}
}

void config_warn_what_cannot_work(
    const struct config *config, const char *path, enum config_role role, bool cache)
{
	if (config->deployment_count == 0)
		log_warnx("%s: model_list: no deployments: no request can be served", path);
	if (config->polling.mode != POLLING_OFF && !config->redis.enabled)
		log_warnx("%s: %s: background polling is off", path,
		    cache ? "litellm_settings.cache_params.type is not redis"
			  : "litellm_settings.cache is not true");
	if (role == CONFIG_RESPONDER && config->tenant_count == 0 && !config->allow_anonymous)
		log_warnx("%s: every request will be refused with 401 until "
			  "general_settings.master_key, respool.api_keys or "
			  "respool.allow_anonymous is set",
		    path);
	if (role == CONFIG_RESPONDER && config->max_passthrough != 0)
		warn_of_missing_variables(config, path);
}
