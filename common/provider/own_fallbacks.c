#include "own_fallbacks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/config/model.h"

struct own_fallbacks {
	bool given[FALLBACK_KINDS];
	struct fallback of[FALLBACK_KINDS];
};

_Static_assert((int)GATEWAY_FALLBACKS == (int)FALLBACK_KINDS, "a list for each kind");

static void append(struct fallback *fallback, char *model)
{
	fallback->models =
	    xrealloc(fallback->models, (fallback->count + 1) * sizeof(*fallback->models));
	fallback->models[fallback->count++] = model;
}

static void add_model(struct fallback *fallback, const struct config *config, struct span value)
{
	struct buf name = {0};
	const char *model;

	if (json_type(value) == JSON_OBJECT)
		value = json_get(value, "model");
	json_decode(value, &name);
	model = model_resolve(config, buf_cstr(&name));
	if (model_next_deployment(config, model, NULL) != NULL ||
	    deployment_by_litellm_id(config, model) != NULL)
		append(fallback, xstrdup(model));
	buf_free(&name);
}

static void add_models(struct fallback *fallback, const struct config *config, struct span list)
{
	struct json_scan scan = json_open(list, 0);
	struct span element;

	while (json_element(&scan, &element))
		add_model(fallback, config, element);
}

/* The list that stands for the model, or for any, in an object of LiteLLM's own form. */
static struct span list_for(struct span element, const char *model)
{
	struct span list = json_get(element, model);

	return json_type(list) == JSON_ARRAY ? list : (struct span){0};
}

static bool is_target(struct span element)
{
	return json_type(element) != JSON_OBJECT ||
	       json_type(json_get(element, "model")) == JSON_STRING;
}

static bool add_for(
    struct fallback *fallback, const struct config *config, struct span elements, const char *model)
{
	struct json_scan scan = json_open(elements, 0);
	struct span element;

	while (json_element(&scan, &element)) {
		if (is_target(element) || list_for(element, model).len == 0)
			continue;
		add_models(fallback, config, list_for(element, model));
		return true;
	}
	return false;
}

static void read_list(
    struct fallback *fallback, const struct config *config, struct span elements, const char *model)
{
	struct json_scan scan = json_open(elements, 0);
	struct span element;

	while (json_element(&scan, &element)) {
		if (is_target(element))
			add_model(fallback, config, element);
	}
	if (!add_for(fallback, config, elements, model))
		add_for(fallback, config, elements, "*");
}

struct own_fallbacks *own_fallbacks_read(
    const struct gateway_members *members, const struct config *config, const char *model)
{
	struct own_fallbacks *own = NULL;

	for (int kind = 0; kind < FALLBACK_KINDS; kind++) {
		if (!members->disable_fallbacks && members->fallbacks[kind].len == 0)
			continue;
		if (own == NULL)
			own = xcalloc(1, sizeof(*own));
		own->given[kind] = true;
		if (!members->disable_fallbacks)
			read_list(&own->of[kind], config, members->fallbacks[kind], model);
	}
	return own;
}

void own_fallbacks_free(struct own_fallbacks *own)
{
	if (own == NULL)
		return;
	for (int kind = 0; kind < FALLBACK_KINDS; kind++) {
		for (size_t i = 0; i < own->of[kind].count; i++)
			free(own->of[kind].models[i]);
		free(own->of[kind].models);
	}
	free(own);
}

const struct fallback *own_fallbacks_of(const struct own_fallbacks *own, enum fallback_kind kind)
{
	return own != NULL && own->given[kind] ? &own->of[kind] : NULL;
}
