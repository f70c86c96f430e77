#include "dialects.h"

#include "answers.h"
#include "common/config/model.h"
#include "common/dialect/translation.h"
#include "common/provider/upstream_body.h"

/* A search for a deployment that can be asked. */
struct search {
	const struct config *config;
	const struct create_request *request;
	struct span context;
	struct api_error refusal; /* the first one's; status 0 while there is none */
};

/* What a worker would do with it. */
static bool translate(struct search *search, struct translation *translation,
    const struct deployment *deployment, const char *model)
{
	const struct create_request *request = search->request;
	struct buf body = {0}, out = {0};
	bool said;

	upstream_body(
	    &body, deployment, model, buf_span(&request->rest), search->context, request->input);
	said = translation_write_request(translation, &out, buf_span(&body));
	if (!said && search->refusal.status == 0)
		search->refusal = *translation_refusal(translation);
	buf_free(&body);
	buf_free(&out);
	return said;
}

static bool can_say(struct search *search, const struct deployment *deployment, const char *model)
{
	struct translation *translation = translation_new(deployment, model);
	bool said = translation == NULL || translate(search, translation, deployment, model);

	translation_free(translation);
	return said;
}

static bool model_can_say(struct search *search, const char *model)
{
	const struct deployment *deployment = NULL;

	model = model_resolve(search->config, model);
	while ((deployment = model_next_deployment(search->config, model, deployment)) != NULL) {
		if (can_say(search, deployment, model))
			return true;
	}
	return false;
}

static bool fallbacks_can_say(struct search *search, const char *model)
{
	const struct fallback *fallback = model_fallback(search->config, FALLBACK_ON_ERROR, model);

	for (size_t i = 0; fallback != NULL && i < fallback->count; i++) {
		if (model_can_say(search, fallback->models[i]))
			return true;
	}
	return false;
}

bool dialects_can_say(
    struct handlers *handlers, const struct create_request *request, struct span context)
{
	struct search search = {.config = handlers->config, .request = request, .context = context};

	if (model_can_say(&search, request->model) || fallbacks_can_say(&search, request->model) ||
	    search.refusal.status == 0)
		return true;
	answer_error(handlers, &search.refusal);
	return false;
}
