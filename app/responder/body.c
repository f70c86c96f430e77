#include "body.h"

#include "answers.h"

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

/* The model of a request that names none; NULL after answering that it has to. */
static const char *default_model(struct handlers *handlers)
{
	const char *model = handlers->config->default_model;
	struct api_error error;

	if (model != NULL)
		return model;
	api_error_set(&error, 400, "invalid_request_error", "model", "missing_required_parameter",
	    "Missing required parameter: 'model'. A request without it, as one with a 'prompt' may "
	    "be, needs 'default_model' in the configuration, and none is set there.");
	answer_error(handlers, &error);
	return NULL;
}

bool body_take_create(struct handlers *handlers, struct create_request *request)
{
	struct api_error error;
	const char *model;

	if (!body_take(handlers))
		return false;
	if (!create_request_parse(request, buf_span(&handlers->body), &error)) {
		answer_error(handlers, &error);
		return false;
	}
	if (request->model != NULL)
		return true;
	model = default_model(handlers);
	if (model != NULL)
		create_request_use_model(request, model);
	else
		create_request_free(request);
	return model != NULL;
}

bool body_take_model(struct handlers *handlers, struct model_request *request)
{
	struct api_error error;
	const char *model;

	if (!body_take(handlers))
		return false;
	if (!model_request_parse(request, buf_span(&handlers->body), &error)) {
		answer_error(handlers, &error);
		return false;
	}
	if (request->model != NULL)
		return true;
	model = default_model(handlers);
	if (model != NULL)
		model_request_use_model(request, model);
	else
		model_request_free(request);
	return model != NULL;
}
