#include "body.h"

#include "answers.h"
#include "common/base/json.h"

bool body_take(struct handlers *handlers)
{
	struct api_error error;

	buf_clear(&handlers->body);
	if (request_read_body(
		&handlers->request, handlers->config->max_request_bytes, &handlers->body, &error))
		return true;
	answer_error(handlers, &error);
	return false;
}

/* why is a reason to expect that the request could do without; or "". */
static bool miss_model(struct handlers *handlers, const char *why)
{
	struct api_error error;

	api_error_set(&error, 400, "invalid_request_error", "model", "missing_required_parameter",
	    "Missing required parameter: 'model'.%s", why);
	answer_error(handlers, &error);
	return false;
}

static void miss_model_of_create(struct handlers *handlers, const struct create_request *request)
{
	miss_model(handlers, json_is_given(request->fields[RESPONSE_PROMPT])
				 ? " A prompt's template may know its own, but who is asked "
				   "for it says 'default_model' in the configuration, which "
				   "is not set."
				 : "");
}

/* What asks for something that is not done here is named in the log. */
static void note_unmet(
    struct handlers *handlers, const struct gateway_members *gateway, struct span body)
{
	if (gateway->unmet)
		gateway_members_note(&handlers->gateway_notes, body);
}

bool body_take_create(struct handlers *handlers, struct create_request *request)
{
	const char *model = handlers->config->default_model;
	struct api_error error;

	if (!body_take(handlers))
		return false;
	if (!create_request_parse(request, buf_span(&handlers->body), &error)) {
		answer_error(handlers, &error);
		return false;
	}
	note_unmet(handlers, &request->gateway, request->body);
	if (request->model == NULL && model != NULL)
		create_request_use_model(request, model);
	if (request->model != NULL)
		return true;
	miss_model_of_create(handlers, request);
	create_request_free(request);
	return false;
}

bool body_take_model(struct handlers *handlers, struct model_request *request)
{
	const char *model = handlers->config->default_model;
	struct api_error error;

	if (!body_take(handlers))
		return false;
	if (!model_request_parse(request, buf_span(&handlers->body), &error)) {
		answer_error(handlers, &error);
		return false;
	}
	note_unmet(handlers, &request->gateway, request->body);
	if (request->model == NULL && model != NULL)
		model_request_use_model(request, model);
	if (request->model != NULL)
		return true;
	model_request_free(request);
	return miss_model(handlers, "");
}
