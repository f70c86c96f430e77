#include <string.h>

#include "config_section.h"
#include "config_tenants_internal.h"
#include "model.h"

static const char *const limits[] = {"rpm", "tpm", "max_parallel", "max_queue", "max_budget"};

static void refuse_limits(const struct config_value *mapping)
{
	struct config_value limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (config_find(mapping, limits[i], &limit))
			config_wrong(&limit,
			    "limits are kept in Redis, and there is none, expected "
			    "litellm_settings.cache: true and where it is");
	}
}

static void check_models(const struct config_value *mapping, const struct config *config)
{
	struct config_value list;

	if (!config_find(mapping, "models", &list) || list.node->type != YAML_SEQUENCE_NODE)
		return;
	for (size_t i = 0; i < config_length(&list); i++) {
		const struct config_value element = config_element(&list, i);
		const char *name = config_raw_text(&element);

		if (strchr(name, '*') == NULL && strncmp(name, "os.environ/", 11) != 0 &&
		    !model_is_served(config, name))
			config_warn(&element, "model_list has no deployment of \"%.60s\"", name);
	}
}

static bool is_priced(const struct config *config)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		const struct deployment *deployment = &config->deployments[i];

		if (deployment->input_cost > 0 || deployment->output_cost > 0)
			return true;
	}
	return false;
}

static void check_budget(
    const struct config_value *mapping, const struct config *config, bool may_have_budget)
{
	struct config_value value;

	if (config_find(mapping, "max_budget", &value) && !is_priced(config))
		config_warn(&value, "no deployment has an input_cost_per_token or an "
				    "output_cost_per_token: nothing is spent, and nothing refused");
	if (!may_have_budget && config_find(mapping, "budget_duration", &value))
		config_warn(&value, "no effect without max_budget");
}

static void check_one(
    const struct config_value *mapping, const struct config *config, bool may_have_budget)
{
	if (!config->redis.enabled)
		refuse_limits(mapping);
	check_models(mapping, config);
	check_budget(mapping, config, may_have_budget);
}

static bool has_budget(const struct config_value *mapping)
{
	struct config_value budget;

	return config_find(mapping, "max_budget", &budget);
}

static bool is_list(const struct config_value *respool, struct config_value *list)
{
	return config_find(respool, "api_keys", list) && list->node->type == YAML_SEQUENCE_NODE;
}

/* A duration among the defaults is for whoever has a budget, and a budget there for everybody. */
static void check_all(const struct config_value *respool, const struct config *config)
{
	const struct config_value defaults = config_place(respool, "api_key_defaults");
	const bool all_have_budget = has_budget(&defaults);
	bool one_has_budget = all_have_budget;
	struct config_value list;

	for (size_t i = 0; is_list(respool, &list) && i < config_length(&list); i++) {
		const struct config_value key = config_element(&list, i);

		one_has_budget |= has_budget(&key);
		check_one(&key, config, all_have_budget || has_budget(&key));
	}
	check_one(&defaults, config, one_has_budget);
}

void tenants_check(const struct config_value *respool, const struct config *config)
{
	if (respool->file->error_count == 0)
		check_all(respool, config);
}
