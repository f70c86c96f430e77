#include "config_router.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_aliases.h"
#include "config_deployment.h"
#include "model.h"

/* Lists */

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

void router_read_fallbacks(
    const struct config_value *value, enum fallback_kind kind, struct router_draft *draft)
{
	if (!config_is_list(value, "a list of mappings of a model's name to a list of them"))
		return;
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);

		read_entry(&element, &draft->fallbacks[kind]);
	}
}

void router_read_default_fallbacks(const struct config_value *value, struct router_draft *draft)
{
	read_models(value, "*", &draft->defaults);
}

/* router_settings */

static void read_fallbacks(const struct config_value *value, void *dest)
{
	router_read_fallbacks(value, FALLBACK_ON_ERROR, dest);
}

static void read_context_window_fallbacks(const struct config_value *value, void *dest)
{
	router_read_fallbacks(value, FALLBACK_ON_CONTEXT_WINDOW, dest);
}

static void read_content_policy_fallbacks(const struct config_value *value, void *dest)
{
	router_read_fallbacks(value, FALLBACK_ON_CONTENT_POLICY, dest);
}

static void read_default_fallbacks(const struct config_value *value, void *dest)
{
	router_read_default_fallbacks(value, dest);
}

/* What there is of LiteLLM's strategies is their default one. */
static void read_strategy(const struct config_value *value, void *dest)
{
	char *strategy;

	(void)dest;
	if (!config_string(value, 0, "simple-shuffle", &strategy))
		return;
	if (strcmp(strategy, "simple-shuffle") != 0)
		config_warn(
		    value, "\"%.60s\" is not implemented, simple-shuffle is used", strategy);
	free(strategy);
}

/* LiteLLM's router has a Redis of its own. */
static void read_redis(const struct config_value *value, void *dest)
{
	struct router_draft *draft = dest;

	config_ignore(value);
	if (!config_says(value))
		return;
	draft->redis_key = value->key;
	draft->redis_line = value->line;
}

static void read_aliases(const struct config_value *value, void *dest)
{
	struct router_draft *draft = dest;

	aliases_read(value, draft->config);
}

static const struct config_key router_keys[] = {
    {"num_retries", CONFIG_INT, IN(struct router_draft, num_retries), .min = 0, .max = MAX_RETRIES},
    {"allowed_fails", CONFIG_INT, IN(struct router_draft, allowed_fails), .min = 0,
	.max = MAX_FAILS},
    {"cooldown_time", CONFIG_SECONDS, CONFIG_MAY_BE_ZERO, IN(struct router_draft, cooldown_time),
	.max = MAX_COOLDOWN},
    {"retry_after", CONFIG_SECONDS, CONFIG_MAY_BE_ZERO, IN(struct router_draft, retry_after),
	.max = MAX_RETRY_AFTER},
    {"default_max_parallel_requests", CONFIG_INT, IN(struct router_draft, max_parallel_requests),
	.min = 0, .max = INT_MAX},
    {"timeout", CONFIG_SECONDS, IN(struct router_draft, timeout), .max = MAX_SECONDS},
    {"stream_timeout", CONFIG_SECONDS, IN(struct router_draft, stream_timeout), .max = MAX_SECONDS},
    {"fallbacks", CONFIG_READER, .read = read_fallbacks},
    {"context_window_fallbacks", CONFIG_READER, .read = read_context_window_fallbacks},
    {"content_policy_fallbacks", CONFIG_READER, .read = read_content_policy_fallbacks},
    {"default_fallbacks", CONFIG_READER, .read = read_default_fallbacks},
    {"routing_strategy", CONFIG_READER, .read = read_strategy},
    {"model_group_alias", CONFIG_READER, .read = read_aliases},
    {"redis_host", CONFIG_READER, .read = read_redis},
    {"redis_url", CONFIG_READER, .read = read_redis},
};

void router_settings_read(
    const struct config_value *router_settings, struct router_draft *draft, struct config *config)
{
	draft->config = config;
	config_section(router_settings, "a mapping of settings", KEYS(router_keys), draft);
}

/* Both sections together */

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

static void move_list(const struct config_value *section, enum fallback_kind kind, const char *key,
    struct fallback_list *list, struct config *config)
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

static void use_numbers(const struct router_draft *draft, struct config *config)
{
	if (draft->num_retries >= 0)
		config->num_retries = draft->num_retries;
	if (draft->allowed_fails >= 0)
		config->allowed_fails = draft->allowed_fails;
	if (draft->cooldown_time >= 0)
		config->cooldown_time = draft->cooldown_time;
	if (draft->retry_after >= 0)
		config->retry_after = draft->retry_after;
}

/* Of those deployments that do not say themselves. */
static void limit_calls(const struct router_draft *draft, struct config *config)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		struct deployment *deployment = &config->deployments[i];

		if (deployment->max_parallel_requests == 0)
			deployment->max_parallel_requests = draft->max_parallel_requests;
	}
}

static const char *const kind_keys[FALLBACK_KINDS] = {
    [FALLBACK_ON_ERROR] = "fallbacks",
    [FALLBACK_ON_CONTEXT_WINDOW] = "context_window_fallbacks",
    [FALLBACK_ON_CONTENT_POLICY] = "content_policy_fallbacks",
};

void router_drafts_finish(const struct config_value *root, struct router_draft *drafts,
    size_t count, struct config *config)
{
	for (size_t i = count; i-- > 0;)
		use_numbers(&drafts[i], config);
	for (size_t i = 0; i < count; i++)
		limit_calls(&drafts[i], config);
	for (size_t i = 0; i < count; i++) {
		struct config_value section = {
		    .file = root->file, .parent = root, .key = drafts[i].section};

		for (int kind = 0; kind < FALLBACK_KINDS; kind++)
			move_list(&section, (enum fallback_kind)kind, kind_keys[kind],
			    &drafts[i].fallbacks[kind], config);
	}
	for (size_t i = 0; i < count; i++) {
		struct config_value section = {
		    .file = root->file, .parent = root, .key = drafts[i].section};

		move_list(
		    &section, FALLBACK_ON_ERROR, "default_fallbacks", &drafts[i].defaults, config);
	}
}

void fallbacks_clear(struct config *config)
{
	for (size_t i = 0; i < config->fallback_count; i++)
		fallback_clear(&config->fallbacks[i]);
	free(config->fallbacks);
}
