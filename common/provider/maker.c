#include "maker.h"

#include <string.h>

#include "common/base/alloc.h"
#include "common/config/model.h"

static bool has_fallbacks(const struct config *config, const char *name)
{
	for (int kind = 0; kind < FALLBACK_KINDS; kind++) {
		if (model_fallback(config, (enum fallback_kind)kind, name) != NULL)
			return true;
	}
	return false;
}

bool maker_matters(const struct config *config, const char *name)
{
	const char *model = model_resolve(config, name);
	const struct deployment *first = model_next_deployment(config, model, NULL);

	return first != NULL &&
	       (model_next_deployment(config, model, first) != NULL || has_fallbacks(config, name));
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool maker_is_alike(const struct deployment *a, const char *a_model, const struct deployment *b,
    const char *b_model)
{
	const char *base = deployment_base(a, a_model), *key = deployment_key(a, a_model);

	return base != NULL && key != NULL && same_text(base, deployment_base(b, b_model)) &&
	       same_text(key, deployment_key(b, b_model)) &&
	       same_text(a->organization, b->organization);
}

static bool serves(const struct config *config, const char *model, const struct deployment *maker)
{
	const struct deployment *deployment = NULL;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (deployment == maker)
			return deployment_usable(deployment, model);
	}
	return false;
}

/* A fallback may be a deployment by its own name. */
static bool leads_to(
    const struct config *config, const char *fallback, const struct deployment *maker)
{
	return serves(config, model_resolve(config, fallback), maker) ||
	       same_text(maker->litellm_id, fallback);
}

static bool is_of_fallback(
    const struct config *config, const char *name, const struct deployment *maker)
{
	for (int kind = 0; kind < FALLBACK_KINDS; kind++) {
		const struct fallback *fallback =
		    model_fallback(config, (enum fallback_kind)kind, name);

		for (size_t i = 0; fallback != NULL && i < fallback->count; i++) {
			if (leads_to(config, fallback->models[i], maker))
				return true;
		}
	}
	return false;
}

const struct deployment *maker_or_its_like(const struct config *config, const char *name,
    const struct deployment *maker, const char *maker_model)
{
	const char *model = model_resolve(config, name);
	const struct deployment *deployment = NULL;

	if (maker == NULL)
		return NULL;
	if (serves(config, model, maker))
		return maker;
	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (deployment_usable(deployment, model) &&
		    maker_is_alike(deployment, model, maker, maker_model))
			return deployment;
	}
	return is_of_fallback(config, name, maker) ? maker : NULL;
}

static const struct deployment *only_one_of(const struct config *config, const char *provider)
{
	const struct deployment *found = NULL;

	for (size_t i = 0; i < config->deployment_count; i++) {
		const struct deployment *one = &config->deployments[i];

		if (one->any_provider || !same_text(one->provider, provider))
			continue;
		if (found != NULL &&
		    !maker_is_alike(one, one->model_name, found, found->model_name))
			return NULL;
		if (found == NULL)
			found = one;
	}
	return found;
}

const struct deployment *maker_by_mark(const struct config *config, const struct litellm_mark *mark)
{
	const struct deployment *found = NULL;

	if (mark->model_id != NULL)
		found = deployment_by_litellm_id(config, mark->model_id);
	if (found == NULL && mark->provider != NULL)
		found = only_one_of(config, mark->provider);
	return found;
}

/* One of any provider learns it from the model: "openai/" and anything for "*". */
char *maker_model(const struct deployment *deployment, const struct litellm_mark *mark)
{
	const char *star = strchr(deployment->model_name, '*');
	struct buf model = {0};

	if (!deployment->any_provider || mark->provider == NULL || star == NULL)
		return xstrdup(deployment->model_name);
	buf_append(&model, deployment->model_name, (size_t)(star - deployment->model_name));
	buf_printf(&model, "%s/%s", mark->provider, star);
	buf_cstr(&model);
	return model.data;
}
