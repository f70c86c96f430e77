#include "config_fallbacks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_deployment.h"
#include "model.h"

static void fallback_clear(struct fallback *fallback)
{
	free(fallback->model);
	config_free_strings(fallback->models, fallback->count);
}

static void append_fallback(struct fallback_list *list, struct fallback fallback, size_t line)
{
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->lines = xrealloc(list->lines, (list->count + 1) * sizeof(*list->lines));
	list->items[list->count] = fallback;
	list->lines[list->count++] = line;
}

struct named_model {
	char *model;
};

static const struct config_key named_model_keys[] = {
    {"model", CONFIG_STRING, CONFIG_REQUIRED, "a model's name", IN(struct named_model, model)},
};

/* A model's name, or a mapping that holds it beside what to say to that model instead. */
static void read_fallback_model(const struct config_value *value, struct fallback *fallback)
{
	static const char expected[] = "a model's name";
	struct named_model named = {0};

	if (value->node->type == YAML_MAPPING_NODE)
		config_section(value, expected, KEYS(named_model_keys), &named);
	else
		config_string(value, 0, expected, &named.model);
	if (named.model != NULL)
		config_append_string(&fallback->models, &fallback->count, named.model);
}

/* value is the list of models behind the name of one, or behind default_fallbacks. */
static void read_models(
    const struct config_value *value, const char *model, struct fallback_list *list)
{
	struct fallback fallback = {0};

	if (!config_is_list(value, "a list of models' names"))
		return;
	fallback.model = xstrdup(model);
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);

		read_fallback_model(&element, &fallback);
	}
	append_fallback(list, fallback, value->line);
}

static void read_entry(const struct config_value *value, struct fallback_list *list)
{
	struct config_value *members;
	size_t count;

	if (!config_members(
		value, "a mapping of a model's name to a list of them", &members, &count))
		return;
	for (size_t i = 0; i < count; i++)
		read_models(&members[i], members[i].key, list);
	free(members);
}

void fallback_list_read(const struct config_value *value, struct fallback_list *list)
{
	if (!config_is_list(value, "a list of mappings of a model's name to a list of them"))
		return;
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);

		read_entry(&element, list);
	}
}

void fallback_list_read_default(const struct config_value *value, struct fallback_list *list)
{
	read_models(value, "*", list);
}

static bool is_served(
    const struct config_value *root, const struct config *config, const char *model)
{
	return model_is_served(config, model) || deployment_by_litellm_id(config, model) != NULL ||
	       deployments_have(root, model_resolve(config, model));
}

static void check_fallback(
    const struct config_value *value, const struct config *config, const struct fallback *fallback)
{
	const struct config_value *root = value->parent->parent;

	if (strcmp(fallback->model, "*") != 0 && !is_served(root, config, fallback->model))
		config_warn(value,
		    "model_list has no deployment of \"%.60s\": it needs no fallback",
		    fallback->model);
	for (size_t i = 0; i < fallback->count; i++) {
		if (!is_served(root, config, fallback->models[i]))
			config_warn(value,
			    "model_list has no deployment of \"%.60s\": it is no fallback for "
			    "\"%.60s\"",
			    fallback->models[i], fallback->model);
	}
}

void fallback_list_move(const struct config_value *section, enum fallback_kind kind,
    const char *key, struct fallback_list *list, struct config *config)
{
	for (size_t i = 0; i < list->count; i++) {
		struct config_value value = {
		    .file = section->file, .parent = section, .key = key, .line = list->lines[i]};

		list->items[i].kind = kind;
		check_fallback(&value, config, &list->items[i]);
		config->fallbacks = xrealloc(
		    config->fallbacks, (config->fallback_count + 1) * sizeof(*config->fallbacks));
		config->fallbacks[config->fallback_count++] = list->items[i];
	}
	free(list->items);
	free(list->lines);
}

void fallbacks_clear(struct config *config)
{
	for (size_t i = 0; i < config->fallback_count; i++)
		fallback_clear(&config->fallbacks[i]);
	free(config->fallbacks);
}
