#include "config_draft.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "config_admin_keys.h"
#include "config_aliases.h"
#include "config_credentials.h"
#include "config_environment.h"
#include "config_polling.h"
#include "config_section.h"
#include "config_tenants.h"
#include "config_webhooks.h"
#include "model.h"

enum {
	MAX_BYTES = 512 << 20,          /* of one string in Redis */
	MAX_RESPONSE_BYTES = 200 << 20, /* so that it fits with the blanks that document.h leaves */
};

/* Where it is, LiteLLM keeps responses there, whatever cache_params says. */
static void read_coordination_redis(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	if (!config_says(value))
		return;
	redis_draft_clear(&draft->redis);
	value->file->unneeded &= ~(unsigned)CONFIG_FOR_REDIS;
	redis_draft_read(value, &draft->redis);
	draft->has_coordination_redis = true;
}

static const struct config_key general_keys[] = {
    {"master_key", CONFIG_SECRET, CONFIG_FOR_CLIENTS, "the master key",
	IN(struct config_draft, master_key)},
    {"completion_model", CONFIG_STRING, 0, "a model that model_list has",
	IN(struct config_draft, completion_model)},
    {"coordination_redis", CONFIG_READER, .read = read_coordination_redis},
};

static void read_general(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;
	struct config_value master_key;

	draft->has_master_key = config_find(value, "master_key", &master_key);
	config_section(value, "a mapping of settings", KEYS(general_keys), draft);
	if (draft->master_key == NULL)
		return;
	tenants_add_master(&draft->config, draft->master_key);
	draft->master_key = NULL;
}

static void read_api_keys(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	tenants_read(value, &draft->config);
}

static void read_api_key_defaults(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	tenants_read_defaults(value, &draft->config);
}

static void read_admin_keys(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	admin_keys_read(value, &draft->config);
}

static void read_webhooks(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	webhooks_read(value, &draft->config.webhooks);
}

static void read_log_format(const struct config_value *value, void *dest)
{
	static const char expected[] = "\"text\" or \"json\"";
	struct config_draft *draft = dest;
	char *text = NULL;

	if (!config_string(value, 0, expected, &text))
		return;
	if (strcmp(text, "json") == 0)
		draft->config.log_format = LOG_FORMAT_JSON;
	else if (strcmp(text, "text") == 0)
		draft->config.log_format = LOG_FORMAT_TEXT;
	else
		config_wrong(value, "some other text, expected %s", expected);
	free(text);
}

static void read_responses(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	polling_read(value, &draft->config.polling);
}

static void read_cache(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	draft->has_cache = config_bool(value, 0, &draft->cache);
}

static void read_cache_params(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	if (!draft->cache)
		value->file->unneeded |= CONFIG_FOR_REDIS;
	redis_draft_read(value, &draft->redis);
}

static void read_fallbacks(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	fallback_list_read(value, &draft->litellm.fallbacks[FALLBACK_ON_ERROR]);
}

static void read_context_window_fallbacks(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	fallback_list_read(value, &draft->litellm.fallbacks[FALLBACK_ON_CONTEXT_WINDOW]);
}

static void read_content_policy_fallbacks(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	fallback_list_read(value, &draft->litellm.fallbacks[FALLBACK_ON_CONTENT_POLICY]);
}

static void read_default_fallbacks(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	fallback_list_read_default(value, &draft->litellm.defaults);
}

/* LiteLLM has two places for the same, and asks this one first. */
static void read_alias_map(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	aliases_read(value, &draft->config);
}

/* cache stands before cache_params: whether that one's variables must be set depends on it. */
static const struct config_key litellm_keys[] = {
    {"num_retries", CONFIG_INT, IN(struct config_draft, litellm.num_retries), .min = 0,
	.max = MAX_RETRIES},
    {"allowed_fails", CONFIG_INT, IN(struct config_draft, litellm.allowed_fails), .min = 0,
	.max = MAX_FAILS},
    {"cooldown_time", CONFIG_SECONDS, CONFIG_MAY_BE_ZERO,
	IN(struct config_draft, litellm.cooldown_time), .max = MAX_COOLDOWN},
    {"request_timeout", CONFIG_SECONDS, IN(struct config_draft, litellm.timeout),
	.max = MAX_SECONDS},
    {"fallbacks", CONFIG_READER, .read = read_fallbacks},
    {"context_window_fallbacks", CONFIG_READER, .read = read_context_window_fallbacks},
    {"content_policy_fallbacks", CONFIG_READER, .read = read_content_policy_fallbacks},
    {"default_fallbacks", CONFIG_READER, .read = read_default_fallbacks},
    {"drop_params", CONFIG_BOOL, IN(struct config_draft, deployments.drop_params)},
    {"model_alias_map", CONFIG_READER, .read = read_alias_map},
    {"cache", CONFIG_READER, .read = read_cache},
    {"cache_params", CONFIG_READER, .read = read_cache_params},
    {"responses", CONFIG_READER, .read = read_responses},
};

static void read_litellm(const struct config_value *value, void *dest)
{
	config_section(value, "a mapping of settings", KEYS(litellm_keys), dest);
}

static void read_model_list(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	if (draft->router.timeout >= 0)
		draft->deployments.timeout = draft->router.timeout;
	else if (draft->litellm.timeout >= 0)
		draft->deployments.timeout = draft->litellm.timeout;
	if (draft->router.stream_timeout >= 0)
		draft->deployments.stream_timeout = draft->router.stream_timeout;
	deployments_read(value, &draft->deployments, &draft->config);
}

static void read_router(const struct config_value *value, void *dest)
{
	struct config_draft *draft = dest;

	router_settings_read(value, &draft->router, &draft->config);
}

static void read_environment(const struct config_value *value, void *dest)
{
	(void)dest;
	environment_read(value);
}

/* It has been included already. */
static void read_include(const struct config_value *value, void *dest)
{
	(void)value;
	(void)dest;
}

/* Each of api_keys begins with what api_key_defaults says. */
static const struct config_key respool_keys[] = {
    {"allow_anonymous", CONFIG_BOOL, IN(struct config_draft, config.allow_anonymous)},
    {"api_key_defaults", CONFIG_READER, .read = read_api_key_defaults},
    {"api_keys", CONFIG_READER, .read = read_api_keys},
    {"admin_keys", CONFIG_READER, .read = read_admin_keys},
    {"open_metrics", CONFIG_BOOL, IN(struct config_draft, config.open_metrics)},
    {"max_request_bytes", CONFIG_SIZE, IN(struct config_draft, config.max_request_bytes), .min = 1,
	.max = MAX_BYTES},
    {"max_event_bytes", CONFIG_SIZE, IN(struct config_draft, config.max_event_bytes), .min = 1,
	.max = MAX_BYTES},
    {"max_response_bytes", CONFIG_SIZE, IN(struct config_draft, config.max_response_bytes),
	.min = 1, .max = MAX_RESPONSE_BYTES},
    {"max_queue", CONFIG_LONG, IN(struct config_draft, config.max_queue), .min = 1,
	.max = 1000000000},
    {"max_queue_bytes", CONFIG_SIZE, IN(struct config_draft, config.max_queue_bytes), .min = 1,
	.max = 1LL << 50},
    {"max_streams", CONFIG_INT, IN(struct config_draft, config.max_streams), .min = 1,
	.max = 1000000},
    {"flush_interval_ms", CONFIG_INT, IN(struct config_draft, config.flush_interval_ms), .min = 1,
	.max = 60000},
    {"stream_interval_ms", CONFIG_INT, IN(struct config_draft, config.stream_interval_ms), .min = 1,
	.max = 60000},
    {"keepalive_seconds", CONFIG_INT, IN(struct config_draft, config.keepalive_seconds), .min = 1,
	.max = 86400},
    {"unstored_ttl", CONFIG_LONG, IN(struct config_draft, config.unstored_ttl), .min = 1,
	.max = MAX_TTL},
    {"idempotency_ttl", CONFIG_LONG, IN(struct config_draft, config.idempotency_ttl), .min = 1,
	.max = MAX_TTL},
    {"failed_request_ttl", CONFIG_LONG, IN(struct config_draft, config.failed_request_ttl),
	.min = 0, .max = MAX_TTL},
    {"lease_seconds", CONFIG_INT, IN(struct config_draft, config.lease_seconds), .min = 1,
	.max = 3600},
    {"max_attempts", CONFIG_INT, IN(struct config_draft, config.max_attempts), .min = 1,
	.max = 100},
    {"drain_seconds", CONFIG_INT, IN(struct config_draft, config.drain_seconds), .min = 0,
	.max = 86400},
    {"max_passthrough", CONFIG_INT, IN(struct config_draft, config.max_passthrough), .min = 0,
	.max = 1000000},
    {"client_timeout", CONFIG_INT, IN(struct config_draft, config.client_timeout), .min = 1,
	.max = 86400},
    {"default_deployment", CONFIG_STRING, 0, "a model that model_list has",
	IN(struct config_draft, config.default_deployment)},
    {"default_model", CONFIG_STRING, 0, "a model that model_list has",
	IN(struct config_draft, config.default_model)},
    {"native_ttl", CONFIG_LONG, IN(struct config_draft, config.native_ttl), .min = 1,
	.max = MAX_TTL},
    {"store_input", CONFIG_BOOL, IN(struct config_draft, config.store_input)},
    {"silence_timeout", CONFIG_SECONDS, IN(struct config_draft, deployments.silence_timeout),
	.max = MAX_SECONDS},
    {"log_format", CONFIG_READER, .read = read_log_format},
    {"webhooks", CONFIG_READER, .read = read_webhooks},
    {"allow_request_webhooks", CONFIG_BOOL, IN(struct config_draft, config.webhooks.by_request)},
};

static void read_respool(const struct config_value *value, void *dest)
{
	config_section(value, "a mapping of settings", KEYS(respool_keys), dest);
}

/*
 * Every other section may ask for what the first one sets. The sections before model_list have
 * defaults for each deployment. general_settings stands before respool: no tenant may have the
 * master's key.
 */
static const struct config_key file_keys[] = {
    {"environment_variables", CONFIG_READER, .read = read_environment},
    {"include", CONFIG_READER, .read = read_include},
    {"credential_list", CONFIG_READER, .read = credentials_read},
    {"litellm_settings", CONFIG_READER, .read = read_litellm},
    {"router_settings", CONFIG_READER, .read = read_router},
    {"general_settings", CONFIG_READER, .read = read_general},
    {"respool", CONFIG_READER, .read = read_respool},
    {"model_list", CONFIG_READER, .read = read_model_list},
};

static const struct config_draft defaults = {
    .config =
	{
	    .polling = {.mode = POLLING_OFF, .ttl = 3600},
	    .num_retries = 2,
	    .max_request_bytes = 10 << 20,
	    .max_event_bytes = 32 << 20,
	    .max_response_bytes = 64 << 20,
	    .max_queue = 10000,
	    .max_queue_bytes = 1 << 30,
	    .max_streams = 1000,
	    .flush_interval_ms = 150,
	    .stream_interval_ms = 20,
	    .keepalive_seconds = 15,
	    .unstored_ttl = 600,
	    .idempotency_ttl = 86400,
	    .tenant_defaults = {.limits = KEY_LIMITS_NONE},
	    .lease_seconds = 15,
	    .max_attempts = 2,
	    .drain_seconds = 30,
	    .client_timeout = 60,
	    .allowed_fails = 3,
	    .cooldown_time = 5,
	    .max_passthrough = 1000,
	    .native_ttl = 7 * 24 * 3600,
	    .store_input = true,
	},
    .deployments = {.timeout = 6000, .silence_timeout = 600},
    .router = ROUTER_DRAFT_INIT("router_settings"),
    .litellm = ROUTER_DRAFT_INIT("litellm_settings"),
    .redis = REDIS_DRAFT_INIT,
};

/* Without a word of the file, LiteLLM keeps responses in the Redis of the environment. */
static bool is_in_environment(const struct config_draft *draft)
{
	if (draft->config.polling.mode == POLLING_OFF || draft->has_coordination_redis ||
	    !redis_is_in_environment())
		return false;
	return draft->has_cache ? draft->cache && !draft->redis.is_redis : true;
}

static void use_environment(const struct config_value *litellm_settings, struct config_draft *draft)
{
	const struct config_value params = config_place(litellm_settings, "cache_params");

	if (!draft->has_cache && redis_draft_is_located(&draft->redis))
		config_warn(&params, "not looked at without cache: true: responses are kept in "
				     "the Redis of the environment");
	redis_draft_clear(&draft->redis);
	draft->cache = true;
}

static void finish_redis(const struct config_value *root, struct config_draft *draft)
{
	const bool coordination = draft->has_coordination_redis;
	const struct config_value section =
	    config_place(root, coordination ? "general_settings" : "litellm_settings");
	const struct config_value place =
	    config_place(&section, coordination ? "coordination_redis" : "cache");
	const struct config_value router = config_place(root, "router_settings");
	const struct config_value elsewhere = {.file = root->file,
	    .parent = &router,
	    .key = draft->router.redis_key,
	    .line = draft->router.redis_line};

	if (is_in_environment(draft))
		use_environment(&section, draft);
	draft->cache |= coordination;
	redis_draft_finish(draft->cache ? &place : NULL, elsewhere.key != NULL ? &elsewhere : NULL,
	    &draft->redis, &draft->config.redis);
}

static void check_model(const struct config_value *root, const char *section, const char *key,
    const struct config *config, const char *model)
{
	const struct config_value parent = config_place(root, section);
	const struct config_value value = config_place(&parent, key);

	if (!model_is_served(config, model) &&
	    !deployments_have(root, model_resolve(config, model)))
		config_wrong(&value, "\"%.60s\", expected a model that model_list has", model);
}

/* An alias serves clients; what asks for an id needs the deployments. */
static void finish_default_deployment(const struct config_value *root, struct config *config)
{
	char *model = config->default_deployment;

	if (model == NULL)
		return;
	check_model(root, "respool", "default_deployment", config, model);
	config->default_deployment = xstrdup(model_resolve(config, model));
	free(model);
}

static void finish_default_model(const struct config_value *root, struct config_draft *draft)
{
	struct config *config = &draft->config;

	if (config->default_model != NULL) {
		check_model(root, "respool", "default_model", config, config->default_model);
		free(draft->completion_model);
	} else if (draft->completion_model != NULL) {
		config->default_model = draft->completion_model;
		check_model(
		    root, "general_settings", "completion_model", config, config->default_model);
	}
}

static void check_aliases(const struct config_value *root, const char *section, const char *key,
    const struct config *config)
{
	const struct config_value parent = config_place(root, section);
	struct config_value aliases;

	if (root->file->error_count == 0 && config_find(&parent, key, &aliases))
		aliases_check(&aliases, config);
}

static void finish_routing(const struct config_value *root, struct config_draft *draft)
{
	struct router_draft drafts[] = {draft->router, draft->litellm};

	router_drafts_finish(root, drafts, sizeof(drafts) / sizeof(drafts[0]), &draft->config);
	check_aliases(root, "litellm_settings", "model_alias_map", &draft->config);
	check_aliases(root, "router_settings", "model_group_alias", &draft->config);
	finish_default_deployment(root, &draft->config);
	finish_default_model(root, draft);
}

static void finish_tenants(
    const struct config_value *root, const struct config_draft *draft, struct config *config)
{
	const struct config_value section = config_place(root, "general_settings");
	const struct config_value master_key = config_place(&section, "master_key");
	const struct config_value respool = config_place(root, "respool");

	if (!draft->has_master_key && !(root->file->unneeded & CONFIG_FOR_CLIENTS))
		tenants_add_environment(&master_key, config);
	tenants_finish(&respool, config);
}

static void finish_webhooks(const struct config_value *root, struct config *config)
{
	const struct config_value section = config_place(root, "respool");

	webhooks_finish(&section, &config->webhooks);
}

void config_draft_read(struct config_file *file, struct config_draft *draft)
{
	struct config_value root = config_file_root(file);

	*draft = defaults;
	if (!config_is_null(&root))
		config_section(&root, "a mapping of sections", KEYS(file_keys), draft);
	finish_routing(&root, draft);
	finish_redis(&root, draft);
	finish_tenants(&root, draft, &draft->config);
	finish_webhooks(&root, &draft->config);
	draft->config.modified = file->modified;
}
