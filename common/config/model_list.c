#include "model_list.h"

#include <string.h>

#include "model.h"

static bool resolve(const struct config *config, const char *name, struct listed_model *listed)
{
	listed->name = name;
	listed->model = model_resolve(config, name);
	listed->deployment = model_next_deployment(config, listed->model, NULL);
	return listed->deployment != NULL;
}

/* Whether a deployment before that of this index has the same model_name. */
static bool has_come(const struct config *config, size_t index)
{
	const char *name = config->deployments[index].model_name;

	for (size_t i = 0; i < index; i++) {
		if (strcmp(config->deployments[i].model_name, name) == 0)
			return true;
	}
	return false;
}

static bool is_model_name(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		if (strcmp(config->deployments[i].model_name, name) == 0)
			return true;
	}
	return false;
}

/* The name at that place, or NULL if it is not listed there. */
static const char *name_at(const struct config *config, size_t place)
{
	const struct model_alias *alias;

	if (place < config->deployment_count)
		return has_come(config, place) ? NULL : config->deployments[place].model_name;
	alias = &config->aliases[place - config->deployment_count];
	return alias->hidden || is_model_name(config, alias->alias) ? NULL : alias->alias;
}

bool model_list_next(const struct config *config, size_t *place, struct listed_model *listed)
{
	while (*place < config->deployment_count + config->alias_count) {
		const char *name = name_at(config, (*place)++);

		if (name != NULL && resolve(config, name, listed))
			return true;
	}
	return false;
}

bool model_list_find(const struct config *config, const char *name, struct listed_model *listed)
{
	if (!resolve(config, name, listed))
		return false;
	return is_model_name(config, listed->model) || !model_is_nobodys(config, listed->model);
}

struct span listed_model_owner(const struct listed_model *listed)
{
	struct span provider = deployment_provider(listed->deployment, listed->model);

	return provider.len != 0 ? provider : span_of(listed->deployment->provider);
}
