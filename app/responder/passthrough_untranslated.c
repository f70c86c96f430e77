#include "answers.h"
#include "common/config/model.h"
#include "common/provider/api_path.h"
#include "passthrough_internal.h"

static void answer_not_served(struct handlers *handlers, const struct untranslated *request)
{
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "model", "route_not_served",
	    "No deployment of the model '%.256s' has /%s, which is passed through untranslated: "
	    "expected one that speaks the Responses API%s.",
	    request->model, request->path,
	    api_path_is_beside_chat(span_of(request->path)) ? " or Chat Completions" : "");
	answer_error(handlers, &error);
}

static unsigned flags_of(const struct untranslated *request)
{
	unsigned flags = HANDOVER_CREATES | HANDOVER_UNTRANSLATED;

	if (request->streams)
		flags |= HANDOVER_STREAMS;
	if (request->stays)
		flags |= HANDOVER_STAY;
	return flags;
}

static void hand_over_obeying(
    struct handlers *handlers, const struct untranslated *request, struct handover handover)
{
	struct buf obeyed = {0};

	handover.obeyed = passthrough_obeyed(&obeyed, request->gateway);
	passthrough_hand_over(handlers, handover);
	buf_free(&obeyed);
}

void passthrough_untranslated(struct handlers *handlers, const struct untranslated *request)
{
	const char *model = model_resolve(handlers->config, request->model);
	struct attempts attempts;
	struct handover handover = {
	    .flags = flags_of(request),
	    .method = "POST",
	    .path = request->path,
	    .query = passthrough_take_query(handlers),
	    .accept = request->streams ? "text/event-stream" : "application/json",
	    .model = request->model,
	    .deployment = request->deployment,
	    .body = request->body,
	};

	if (handover.query == NULL)
		return;
	attempts_begin(&attempts, handlers->config, NULL,
	    &(struct attempts_request){.model = request->model,
		.apis = api_path_apis(span_of(request->path)),
		.members = request->gateway});
	attempts_close(&attempts);
	if (attempts.deployment == NULL && model_first_usable(handlers->config, model) != NULL)
		answer_not_served(handlers, request);
	else if (passthrough_can_call(handlers, &attempts, request->model))
		hand_over_obeying(handlers, request, handover);
}
