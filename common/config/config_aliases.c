#include "config_aliases.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_section.h"
#include "model.h"

static const char expected_model[] = "the name of a model that model_list has";

static const struct config_key alias_keys[] = {
    {"model", CONFIG_STRING, CONFIG_REQUIRED, expected_model, IN(struct model_alias, model)},
    {"hidden", CONFIG_BOOL, IN(struct model_alias, hidden)},
};

static bool is_there(const struct config *config, const char *alias)
{
	for (size_t i = 0; i < config->alias_count; i++) {
		if (strcmp(config->aliases[i].alias, alias) == 0)
			return true;
	}
	return false;
}

static void append(struct config *config, struct model_alias alias)
{
	config->aliases =
	    xrealloc(config->aliases, (config->alias_count + 1) * sizeof(*config->aliases));
	config->aliases[config->alias_count++] = alias;
}

/* A model's name, or a mapping that holds it. */
static void read_alias(const struct config_value *value, struct config *config)
{
	struct model_alias alias = {0};

	if (value->node->type == YAML_MAPPING_NODE)
		config_section(value, "a mapping with model", KEYS(alias_keys), &alias);
	else
		config_string(value, 0, expected_model, &alias.model);
	if (alias.model == NULL || is_there(config, value->key)) {
		free(alias.model);
		return;
	}
	alias.alias = xstrdup(value->key);
	append(config, alias);
}

void aliases_read(const struct config_value *mapping, struct config *config)
{
	struct config_value *members;
	size_t count;

	if (!config_members(mapping, "a mapping of other names to models' names", &members, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!config_is_null(&members[i]))
			read_alias(&members[i], config);
	}
	free(members);
}

static void check_alias(const struct config_value *value, const struct config *config)
{
	const char *model = model_resolve(config, value->key);

	if (!config_is_null(value) && model_next_deployment(config, model, NULL) == NULL)
		config_warn(value,
		    "model_list has no deployment of \"%.60s\": requests for this name will be "
		    "refused",
		    model);
}

void aliases_check(const struct config_value *mapping, const struct config *config)
{
	struct config_value *members;
	size_t count;

	if (!config_members(mapping, "a mapping", &members, &count))
		return;
	for (size_t i = 0; i < count; i++)
		check_alias(&members[i], config);
	free(members);
}

void aliases_clear(struct config *config)
{
	for (size_t i = 0; i < config->alias_count; i++) {
		free(config->aliases[i].alias);
		free(config->aliases[i].model);
	}
	free(config->aliases);
}
