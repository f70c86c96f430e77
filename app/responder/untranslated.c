#include "untranslated.h"

#include "body.h"
#include "passthrough.h"

static void pass(struct handlers *handlers, const char *path)
{
	struct model_request request;

	if (!passthrough_is_on(handlers) || !body_take_model(handlers, &request))
		return;
	passthrough_untranslated(handlers, &(struct untranslated){.path = path,
					       .model = request.model,
					       .body = request.body,
					       .streams = request.stream,
					       .gateway = &request.gateway});
	model_request_free(&request);
}

void chat_handle(struct handlers *handlers)
{
	pass(handlers, "chat/completions");
}

void embeddings_handle(struct handlers *handlers)
{
	pass(handlers, "embeddings");
}
