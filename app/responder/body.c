#include "body.h"

#include "allowed.h"
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
static void miss_model(struct handlers *handlers, const char *why)
{
	struct api_error error;

	api_error_set(&error, 400, "invalid_request_error", "model", "missing_required_parameter",
	    "Missing required parameter: 'model'.%s", why);
	answer_error(handlers, &error);
}

static void miss_model_of_create(struct handlers *handlers, const struct create_request *request)
{
	miss_model(handlers, json_is_given(request->fields[RESPONSE_PROMPT])
				 ? " A prompt's template may know its own, but who is asked "
				   "for it says 'default_model' in the configuration, which "
				   "is not set."
				 : "");
}

/* Headers of LiteLLM's, which win over what the body says. */
static const struct {
	const char *variable, *header, *member;
} gateway_headers[] = {
    {"HTTP_X_LITELLM_NUM_RETRIES", "x-litellm-num-retries", "num_retries"},
    {"HTTP_X_LITELLM_STREAM_TIMEOUT", "x-litellm-stream-timeout", "stream_timeout"},
    {"HTTP_X_LITELLM_TIMEOUT", "x-litellm-timeout", "timeout"},
};

static bool take_gateway_header(
    struct gateway_members *gateway, size_t i, const char *value, struct api_error *error)
{
	struct span text = span_of(value);

	if (json_check(text, 0, NULL, NULL) &&
	    gateway_members_take(gateway, span_of(gateway_headers[i].member), text, error))
		return true;
	return api_error_set(error, 400, "invalid_request_error", NULL, "invalid_header",
	    "Invalid header '%s': \"%.64s\", expected what the member '%s' of a body may be.",
	    gateway_headers[i].header, value, gateway_headers[i].member);
}

static bool take_gateway_headers(
    struct handlers *handlers, struct gateway_members *gateway, struct api_error *error)
{
	for (size_t i = 0; i < sizeof(gateway_headers) / sizeof(gateway_headers[0]); i++) {
		const char *value = request_header(&handlers->request, gateway_headers[i].variable);

		if (value != NULL && !take_gateway_header(gateway, i, value, error))
			return false;
	}
	return true;
}

/*
 * Reads what the headers ask of the gateway beside the body, or answers what is wrong with them.
 * What the body asks for that is not done here is named in the log.
 */
static bool take_gateway(
    struct handlers *handlers, struct gateway_members *gateway, struct span body)
{
	struct api_error error;

	if (!take_gateway_headers(handlers, gateway, &error)) {
		answer_error(handlers, &error);
		return false;
	}
	if (gateway->unmet)
		gateway_members_note(&handlers->gateway_notes, body);
	return true;
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
	if (!take_gateway(handlers, &request->gateway, request->body))
		goto fail;
	if (request->model == NULL && model != NULL)
		create_request_use_model(request, model);
	if (request->model == NULL)
		miss_model_of_create(handlers, request);
	else if (allowed_to_use(handlers, request->model, &request->gateway))
		return true;
fail:
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
	if (!take_gateway(handlers, &request->gateway, request->body))
		goto fail;
	if (request->model == NULL && model != NULL)
		model_request_use_model(request, model);
	if (request->model == NULL)
		miss_model(handlers, "");
	else if (allowed_to_use(handlers, request->model, &request->gateway))
		return true;
fail:
	model_request_free(request);
	return false;
}
