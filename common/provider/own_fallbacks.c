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

/* Who is told of each model that a request names. */
struct teller {
	own_fallback_fn *tell;
	void *ctx;
};

static void tell_model(const struct teller *teller, struct span value)
{
	struct buf name = {0};

	if (json_type(value) == JSON_OBJECT)
		value = json_get(value, "model");
	json_decode(value, &name);
	teller->tell(teller->ctx, buf_cstr(&name));
	buf_free(&name);
}

static void tell_models(const struct teller *teller, struct span list)
{
	struct json_scan scan = json_open(list, 0);
	struct span element;

	while (json_element(&scan, &element))
		tell_model(teller, element);
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

static bool tell_for(const struct teller *teller, struct span elements, const char *model)
{
	struct json_scan scan = json_open(elements, 0);
	struct span element;

	while (json_element(&scan, &element)) {
		if (is_target(element) || list_for(element, model).len == 0)
			continue;
		tell_models(teller, list_for(element, model));
		return true;
	}
	return false;
}

static void tell_list(const struct teller *teller, struct span elements, const char *model)
{
	struct json_scan scan = json_open(elements, 0);
	struct span element;

	while (json_element(&scan, &element)) {
		if (is_target(element))
			tell_model(teller, element);
	}
	if (!tell_for(teller, elements, model))
		tell_for(teller, elements, "*");
}

void own_fallbacks_each(
    const struct gateway_members *members, const char *model, own_fallback_fn *tell, void *ctx)
{
	const struct teller teller = {tell, ctx};

	for (int kind = 0; !members->disable_fallbacks && kind < FALLBACK_KINDS; kind++)
		tell_list(&teller, members->fallbacks[kind], model);
}

/* Those of a kind, while they are read. */
struct reading {
	const struct config *config;
	struct fallback *fallback;
};

static void add_model(void *ctx, const char *name)
{
	const struct reading *reading = ctx;
	const char *model = model_resolve(reading->config, name);

	if (model_next_deployment(reading->config, model, NULL) != NULL ||
	    deployment_by_litellm_id(reading->config, model) != NULL)
		append(reading->fallback, xstrdup(model));
}

struct own_fallbacks *own_fallbacks_read(
    const struct gateway_members *members, const struct config *config, const char *model)
{
	struct own_fallbacks *own = NULL;
	struct reading reading = {.config = config};
	const struct teller teller = {add_model, &reading};

	for (int kind = 0; kind < FALLBACK_KINDS; kind++) {
		if (!members->disable_fallbacks && members->fallbacks[kind].len == 0)
			continue;
		if (own == NULL)
			own = xcalloc(1, sizeof(*own));
		own->given[kind] = true;
		reading.fallback = &own->of[kind];
		if (!members->disable_fallbacks)
			tell_list(&teller, members->fallbacks[kind], model);
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
