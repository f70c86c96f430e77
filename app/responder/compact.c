#include "compact.h"

#include "body.h"
#include "context.h"
#include "passthrough.h"

/* With what it continues, if that is a background response: no provider knows it. */
static void pass_with_context(struct handlers *handlers, const char *path,
    const struct create_request *request, const struct context *context)
{
	struct untranslated call = {
	    .path = path,
	    .model = request->model,
	    .body = request->body,
	    .streams = request->stream,
	    .deployment = context->deployment,
	    .stays = create_request_followed(request) != NULL || request->stays,
	    .gateway = &request->gateway,
	};
	struct buf body = {0};

	if (!create_request_is_verbatim(request, buf_span(&context->items))) {
		create_request_write(&body, request, buf_span(&context->items));
		call.body = buf_span(&body);
	}
	passthrough_untranslated(handlers, &call);
	buf_free(&body);
}

static void pass(struct handlers *handlers, const char *path)
{
	struct create_request request;
	struct context context;

	if (!passthrough_is_on(handlers) || !body_take_create(handlers, &request))
		return;
	if (context_find(handlers, &request, &context)) {
		pass_with_context(handlers, path, &request, &context);
		context_free(&context);
	}
	create_request_free(&request);
}

void input_tokens_handle(struct handlers *handlers)
{
	pass(handlers, "responses/input_tokens");
}

void compact_handle(struct handlers *handlers)
{
	pass(handlers, "responses/compact");
}
