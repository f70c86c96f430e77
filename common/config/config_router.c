#include "config_router.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config_aliases.h"
#include "config_deployment.h"

static void read_fallbacks(const struct config_value *value, void *dest)
{
	struct router_draft *draft = dest;

	fallback_list_read(value, &draft->fallbacks[FALLBACK_ON_ERROR]);
}

static void read_context_window_fallbacks(const struct config_value *value, void *dest)
{
	struct router_draft *draft = dest;

	fallback_list_read(value, &draft->fallbacks[FALLBACK_ON_CONTEXT_WINDOW]);
}

static void read_content_policy_fallbacks(const struct config_value *value, void *dest)
{
	struct router_draft *draft = dest;

	fallback_list_read(value, &draft->fallbacks[FALLBACK_ON_CONTENT_POLICY]);
}

static void read_default_fallbacks(const struct config_value *value, void *dest)
{
	struct router_draft *draft = dest;

	fallback_list_read_default(value, &draft->defaults);
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
			fallback_list_move(&section, (enum fallback_kind)kind, kind_keys[kind],
			    &drafts[i].fallbacks[kind], config);
	}
	for (size_t i = 0; i < count; i++) {
		struct config_value section = {
		    .file = root->file, .parent = root, .key = drafts[i].section};

		fallback_list_move(
		    &section, FALLBACK_ON_ERROR, "default_fallbacks", &drafts[i].defaults, config);
	}
}
