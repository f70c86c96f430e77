#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_section.h"
#include "model_names.h"
#include "provider.h"

/*
 * What the '*' of pattern stands for in model; empty if model does not fit or pattern has no '*'.
 */
static struct span matched_text(const char *pattern, const char *model)
{
	const struct span none = {model, 0};
	const char *star = strchr(pattern, '*');
	size_t model_len = strlen(model);
	size_t before, after;

	if (star == NULL)
		return none;
	before = (size_t)(star - pattern);
	after = strlen(star + 1);
	if (model_len <= before + after)
		return none;
	if (memcmp(model, pattern, before) != 0)
		return none;
	if (memcmp(model + model_len - after, star + 1, after) != 0)
		return none;
	return (struct span){model + before, model_len - before - after};
}

bool model_fits(const char *pattern, const char *model)
{
	return strcmp(pattern, model) == 0 || matched_text(pattern, model).len != 0;
}

const char *model_resolve(const struct config *config, const char *model)
{
	for (size_t i = 0; i < config->alias_count; i++) {
		if (strcmp(config->aliases[i].alias, model) == 0)
			return config->aliases[i].model;
	}
	return model;
}

/* The model_name whose deployments serve model, or NULL. */
static const char *serving_name(const struct config *config, const char *model)
{
	const char *best = NULL;

	for (size_t i = 0; i < config->deployment_count; i++) {
		const char *name = config->deployments[i].model_name;

		if (strcmp(name, model) == 0)
			return name;
		if (matched_text(name, model).len == 0)
			continue;
		if (best == NULL || strlen(name) > strlen(best))
			best = name;
	}
	return best;
}

struct span model_provider(const char *model)
{
	const char *slash = strchr(model, '/');

	return (struct span){model, slash != NULL ? (size_t)(slash - model) : 0};
}

const struct deployment *model_next_deployment(
    const struct config *config, const char *model, const struct deployment *after)
{
	const char *name = after != NULL ? after->model_name : serving_name(config, model);
	size_t i = after != NULL ? (size_t)(after - config->deployments) + 1 : 0;

	for (; name != NULL && i < config->deployment_count; i++) {
		if (strcmp(config->deployments[i].model_name, name) == 0)
			return &config->deployments[i];
	}
	return NULL;
}

bool model_is_served(const struct config *config, const char *name)
{
	return model_next_deployment(config, model_resolve(config, name), NULL) != NULL;
}

const char *model_label(const struct config *config, const char *name)
{
	const char *label = serving_name(config, model_resolve(config, name));

	return label != NULL ? label : "other";
}

const struct deployment *model_first_usable(const struct config *config, const char *model)
{
	const struct deployment *deployment = model_next_deployment(config, model, NULL);

	while (deployment != NULL && !deployment_usable(deployment, model))
		deployment = model_next_deployment(config, model, deployment);
	return deployment;
}

static void drop_provider(char *model)
{
	const char *slash = strchr(model, '/');

	if (slash != NULL)
		memmove(model, slash + 1, strlen(slash + 1) + 1);
}

static const struct {
	const char *prefix;
	enum dialect api;
} api_prefixes[] = {
    {"responses/", DIALECT_RESPONSES},
    {"chat_completions/", DIALECT_CHAT},
    /* Bedrock's other APIs, in LiteLLM. */
    {"converse/", DIALECT_CHAT},
    {"invoke/", DIALECT_CHAT},
};

/* The length of the prefix that names an API; 0 if there is none. */
static size_t api_prefix_length(struct span model, enum dialect *api)
{
	for (size_t i = 0; i < sizeof(api_prefixes) / sizeof(api_prefixes[0]); i++) {
		size_t len = strlen(api_prefixes[i].prefix);

		if (model.len >= len && memcmp(model.p, api_prefixes[i].prefix, len) == 0) {
			*api = api_prefixes[i].api;
			return len;
		}
	}
	return 0;
}

bool model_names_api(struct span model, enum dialect *api)
{
	return api_prefix_length(model, api) != 0;
}

void model_drop_api(char *model)
{
	enum dialect api;
	size_t len = api_prefix_length(span_of(model), &api);

	memmove(model, model + len, strlen(model + len) + 1);
}

/*
 * The model at the provider, as model_upstream_name() has it, with the API that it names. NULL if
 * deployment->model says it all. The caller frees it.
 */
static char *name_from_pattern(const struct deployment *deployment, const char *model)
{
	struct span matched = matched_text(deployment->model_name, model);
	const char *star = strchr(deployment->model, '*');
	struct buf name = {0};

	if (star == NULL || matched.len == 0)
		return NULL;
	buf_append(&name, deployment->model, (size_t)(star - deployment->model));
	buf_append_span(&name, matched);
	buf_puts(&name, star + 1);
	buf_cstr(&name);
	if (deployment->any_provider)
		drop_provider(name.data);
	return name.data;
}

/* As LiteLLM spells it out where only the last part of a model's name is given. */
static char *below(const char *place, char *name)
{
	struct buf whole = {0};

	if (place == NULL || strncmp(name, place, strcspn(place, "/") + 1) == 0)
		return name;
	buf_puts(&whole, place);
	buf_puts(&whole, name);
	buf_cstr(&whole);
	free(name);
	return whole.data;
}

char *model_upstream_name(const struct deployment *deployment, const char *model)
{
	const struct provider *provider = deployment_table_line(deployment, model);
	char *name = name_from_pattern(deployment, model);

	if (name == NULL)
		name = xstrdup(deployment->model);
	else
		model_drop_api(name);
	return below(provider != NULL ? provider->models_below : NULL, name);
}

bool model_asks_for_api(const struct deployment *deployment, const char *model, enum dialect *api)
{
	char *name = name_from_pattern(deployment, model);
	bool asks = name != NULL && model_names_api(span_of(name), api);

	free(name);
	return asks;
}

/* The provider that the model asked of one of any provider names; empty if it names none. */
static struct span asked_provider(const struct deployment *deployment, const char *model)
{
	struct span matched = matched_text(deployment->model_name, model);
	const char *slash = matched.len != 0 ? memchr(matched.p, '/', matched.len) : NULL;
	const char *name;

	if (slash != NULL)
		return (struct span){matched.p, (size_t)(slash - matched.p)};
	name = model_name_provider(matched);
	return name != NULL ? span_of(name) : (struct span){matched.p, 0};
}

struct span deployment_provider(const struct deployment *deployment, const char *model)
{
	struct span asked;

	if (!deployment->any_provider)
		return span_of(deployment->provider);
	asked = asked_provider(deployment, model);
	if (asked.len == 0 && deployment->api_base != NULL)
		return span_of(deployment->provider);
	return asked;
}

const struct deployment *deployment_by_litellm_id(const struct config *config, const char *id)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		const struct deployment *deployment = &config->deployments[i];

		if (deployment->litellm_id != NULL && strcmp(deployment->litellm_id, id) == 0)
			return deployment;
	}
	return NULL;
}

const struct deployment *deployment_by_id(const struct config *config, struct span id)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		if (span_is(id, config->deployments[i].id))
			return &config->deployments[i];
	}
	return NULL;
}

const struct provider *deployment_table_line(const struct deployment *deployment, const char *model)
{
	return provider_find(deployment_provider(deployment, model));
}

const char *deployment_base(const struct deployment *deployment, const char *model)
{
	const struct provider *provider;
	const char *base;

	if (deployment->api_base != NULL || !deployment->any_provider)
		return deployment->api_base;
	provider = deployment_table_line(deployment, model);
	if (provider == NULL)
		return NULL;
	base = provider_base(provider);
	return base == NULL && provider_is_regional(provider) ? deployment->regional_base : base;
}

/*
 * Whether the key in a provider's variable may be shown there. An api_base of the deployment's own
 * gets that of OpenAI, whose API is asked of it, or of its owner: else clients would choose which
 * key goes there.
 */
static bool may_have_key(const struct deployment *deployment, const struct provider *provider)
{
	const char *owner;

	if (deployment->api_base == NULL || strcmp(provider->name, "openai") == 0)
		return true;
	owner = provider_of_base(deployment->api_base);
	return owner != NULL && strcmp(owner, provider->name) == 0;
}

const char *deployment_key(const struct deployment *deployment, const char *model)
{
	const struct provider *provider;
	const char *variable, *key;

	if (deployment->api_key != NULL || !deployment->any_provider)
		return deployment->api_key;
	provider = provider_find(asked_provider(deployment, model));
	if (provider != NULL && !may_have_key(deployment, provider))
		return NULL;
	variable = provider != NULL ? provider_variable(provider->key_variables) : NULL;
	key = variable != NULL ? getenv(variable) : NULL;
	return key != NULL && config_is_clean_secret(key) ? key : NULL;
}

const char *deployment_api_version(const struct deployment *deployment, const char *model)
{
	const struct provider *provider;

	if (deployment->api_version != NULL || !deployment->any_provider)
		return deployment->api_version;
	provider = deployment_table_line(deployment, model);
	return provider != NULL ? provider_api_version(provider) : NULL;
}

bool model_is_nobodys(const struct config *config, const char *model)
{
	const struct deployment *deployment = NULL;
	size_t count = 0;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (deployment_provider(deployment, model).len != 0)
			return false;
		count++;
	}
	return count != 0;
}

bool deployment_usable(const struct deployment *deployment, const char *model)
{
	return deployment->missing == NULL && deployment_base(deployment, model) != NULL;
}

bool deployment_drops(const struct deployment *deployment, const char *model, struct span member)
{
	const struct provider *provider;

	for (size_t i = 0; i < deployment->dropped_count; i++) {
		if (span_is(member, deployment->dropped[i]))
			return true;
	}
	if (!deployment->drops_by_model)
		return false;
	provider = deployment_table_line(deployment, model);
	return provider != NULL && !provider_takes(provider, member);
}

bool model_fallbacks_are_set(const struct config *config, enum fallback_kind kind)
{
	for (size_t i = 0; i < config->fallback_count; i++) {
		if (config->fallbacks[i].kind == kind)
			return true;
	}
	return false;
}

static const struct fallback *fallback_of(
    const struct config *config, enum fallback_kind kind, const char *model)
{
	for (size_t i = 0; i < config->fallback_count; i++) {
		const struct fallback *fallback = &config->fallbacks[i];

		if (fallback->kind == kind && strcmp(fallback->model, model) == 0)
			return fallback;
	}
	return NULL;
}

/* What follows the name of a provider, where the model begins with one; else the same. */
static const char *without_provider(const char *model)
{
	struct span provider = model_provider(model);

	return provider_find(provider) != NULL ? model + provider.len + 1 : model;
}

const struct fallback *model_fallback(
    const struct config *config, enum fallback_kind kind, const char *name)
{
	const char *model = model_resolve(config, name);
	const char *const names[] = {name, model, without_provider(model), "*"};
	const struct fallback *fallback = NULL;

	for (size_t i = 0; fallback == NULL && i < sizeof(names) / sizeof(names[0]); i++)
		fallback = fallback_of(config, kind, names[i]);
	return fallback;
}

static bool polls_provider(const struct polling_config *polling, struct span provider)
{
	for (size_t i = 0; i < polling->provider_count; i++) {
		if (provider.len != 0 && span_is(provider, polling->providers[i]))
			return true;
	}
	return false;
}

static bool polls_a_deployment(const struct config *config, const char *model)
{
	const struct deployment *deployment = NULL;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (polls_provider(&config->polling, deployment_provider(deployment, model)))
			return true;
	}
	return false;
}

static bool runs_natively(const struct polling_config *polling, const char *model)
{
	for (size_t i = 0; i < polling->native_count; i++) {
		if (strcmp(polling->native_models[i], model) == 0)
			return true;
	}
	return false;
}

bool model_should_poll(const struct config *config, const char *name, bool background)
{
	const struct polling_config *polling = &config->polling;
	const char *model = model_resolve(config, name);

	if (!background || !config->redis.enabled || runs_natively(polling, name) ||
	    runs_natively(polling, model))
		return false;
	switch (polling->mode) {
	case POLLING_OFF:
		return false;
	case POLLING_ALL:
		return true;
	case POLLING_PROVIDERS:
		break;
	}
	return polls_provider(polling, model_provider(name)) ||
	       polls_provider(polling, model_provider(model)) || polls_a_deployment(config, model);
}
