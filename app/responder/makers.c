#include "makers.h"

#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/config/dialect.h"
#include "common/config/model.h"
#include "common/dialect/sealed.h"
#include "common/provider/maker.h"
#include "common/response/encrypted_content.h"

/* The last of the contents, of whatever came before. */
struct contents {
	struct span last[STORE_MAKERS_MOST]; /* JSON strings; the next one is at count modulo */
	size_t count;
	struct span origin; /* of the last one that was sealed here; empty if there is none */
};

static void add_content(void *ctx, struct span content)
{
	struct contents *contents = ctx;

	if (!sealed_origin(content, &contents->origin))
		contents->last[contents->count++ % STORE_MAKERS_MOST] = content;
}

/* items are joined by commas. wrapped makes an array of them, and is to be freed last. */
static void add_items(struct contents *contents, struct span items, struct buf *wrapped)
{
	if (!encrypted_content_may_be_in(items))
		return;
	buf_putc(wrapped, '[');
	buf_append_span(wrapped, items);
	buf_putc(wrapped, ']');
	encrypted_content_each(buf_span(wrapped), add_content, contents);
}

static void use(
    struct create_request *request, struct context *context, const struct deployment *deployment)
{
	if (deployment == NULL)
		return;
	free(context->deployment);
	context->deployment = xstrdup(deployment->id);
	request->stays = true;
}

/* Fallbacks of the request's own may lead to any; who calls looks whether they do. */
static const struct deployment *find_reader(const struct config *config,
    const struct create_request *request, const struct deployment *maker, const char *maker_model)
{
	const struct deployment *found =
	    maker_or_its_like(config, request->model, maker, maker_model);

	return found == NULL && request->gateway.obeyed ? maker : found;
}

static const struct deployment *find_remembered(struct handlers *handlers,
    const struct create_request *request, const struct contents *contents)
{
	char hashes[STORE_MAKERS_MOST][ENCRYPTED_HASH_SIZE];
	size_t first =
	    contents->count > STORE_MAKERS_MOST ? contents->count - STORE_MAKERS_MOST : 0;
	struct stored_maker maker;
	const struct deployment *found = NULL;
	enum store_result result;
	char *asked;

	for (size_t i = first; i < contents->count; i++)
		encrypted_content_hash(
		    hashes[i - first], handlers->tenant, contents->last[i % STORE_MAKERS_MOST]);
	result = store_maker(handlers->store, hashes, contents->count - first, &maker);
	if (result == STORE_UNAVAILABLE)
		answer_log_unavailable(handlers);
	if (result != STORE_OK)
		return NULL;
	asked = xmemdup(maker.model.p, maker.model.len);
	found = find_reader(
	    handlers->config, request, deployment_by_id(handlers->config, maker.deployment), asked);
	free(asked);
	return found;
}

static const struct deployment *find_marked(
    const struct config *config, const struct create_request *request)
{
	const struct litellm_mark *mark = &request->maker;
	const struct deployment *maker = maker_by_mark(config, mark), *found;
	char *asked;

	if (maker == NULL)
		return NULL;
	asked = maker_model(maker, mark);
	found = find_reader(config, request, maker, asked);
	free(asked);
	return found;
}

/* Others can go on without what was sealed here, so it is only the one to begin with. */
static void prefer_origin(
    const struct config *config, struct context *context, const struct contents *contents)
{
	const struct deployment *origin = deployment_by_id(config, contents->origin);

	if (context->deployment == NULL && origin != NULL)
		context->deployment = xstrdup(origin->id);
}

/*
 * Who has answered the previous response has made what is encrypted in it, or has read it; but one
 * that is translated has been sent none of it.
 */
static bool has_read_context(const struct config *config, const struct create_request *request,
    const struct context *context)
{
	const char *model = model_resolve(config, request->model);
	const struct deployment *deployment =
	    context->deployment != NULL ? deployment_by_id(config, span_of(context->deployment))
					: NULL;

	return deployment != NULL && deployment_dialect(deployment, model) == DIALECT_RESPONSES;
}

static void choose_by_contents(
    struct handlers *handlers, struct create_request *request, struct context *context)
{
	struct contents contents = {0};
	struct buf wrapped = {0};
	bool has_context;

	add_items(&contents, buf_span(&context->items), &wrapped);
	has_context = contents.count > 0;
	if (encrypted_content_may_be_in(request->input))
		encrypted_content_each(request->input, add_content, &contents);
	if (contents.count > 0 && handlers->store != NULL)
		use(request, context, find_remembered(handlers, request, &contents));
	if (!request->stays)
		use(request, context, find_marked(handlers->config, request));
	if (!request->stays)
		request->stays =
		    has_context && has_read_context(handlers->config, request, context);
	prefer_origin(handlers->config, context, &contents);
	buf_free(&wrapped);
}

void makers_choose(
    struct handlers *handlers, struct create_request *request, struct context *context)
{
	const struct config *config = handlers->config;

	if (create_request_followed(request) != NULL) {
		if (context->deployment == NULL)
			use(request, context, find_marked(config, request));
	} else if (maker_matters(config, request->model) || request->gateway.obeyed) {
		choose_by_contents(handlers, request, context);
	}
}
