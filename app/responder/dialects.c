#include "dialects.h"

#include "answers.h"
#include "common/config/dialect.h"
#include "common/config/model.h"
#include "common/dialect/translation.h"

/* A search for a deployment that can be asked. */
struct search {
	struct span body;
	struct api_error refusal; /* the first one's; status 0 while there is none */
};

static bool can_say(struct search *search, const struct deployment *deployment, const char *model)
{
	struct translation *translation = translation_new(deployment, model);
	struct buf out = {0};
	bool said;

	if (translation == NULL)
		return true;
	said = translation_write_request(translation, &out, search->body);
	if (!said && search->refusal.status == 0)
		search->refusal = *translation_refusal(translation);
	buf_free(&out);
	translation_free(translation);
	return said;
}

static bool model_can_say(struct search *search, const struct config *config, const char *model)
{
	const struct deployment *deployment = NULL;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (can_say(search, deployment, model))
			return true;
	}
	return false;
}

/* Whether any of the model's deployments speaks another dialect: most speak none. */
static bool has_dialects(const struct config *config, const char *model)
{
	const struct deployment *deployment = NULL;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (deployment_dialect(deployment, model) != DIALECT_RESPONSES)
			return true;
	}
	return false;
}

static bool fallbacks_can_say(struct search *search, const struct config *config, const char *model)
{
	const struct fallback *fallback = model_fallback(config, model);

	for (size_t i = 0; fallback != NULL && i < fallback->count; i++) {
		if (model_can_say(search, config, fallback->models[i]))
			return true;
	}
	return false;
}

/* The request as a worker will have it. */
static void write_request(
    struct buf *out, const struct create_request *request, struct span context)
{
	buf_putc(out, '{');
	buf_append_span(out, buf_span(&request->rest));
	if (context.len > 0 || request->input.len > 0)
		buf_puts(out, request->rest.len > 0 ? ",\"input\":" : "\"input\":");
	create_request_write_input(out, context, request->input);
	buf_putc(out, '}');
}

bool dialects_can_say(
    struct handlers *handlers, const struct create_request *request, struct span context)
{
	const struct config *config = handlers->config;
	struct search search = {0};
	struct buf body = {0};
	bool said;

	if (!has_dialects(config, request->model))
		return true;
	write_request(&body, request, context);
	search.body = buf_span(&body);
	said = model_can_say(&search, config, request->model) ||
	       fallbacks_can_say(&search, config, request->model);
	buf_free(&body);
	if (!said)
		answer_error(handlers, &search.refusal);
	return said;
}
