#include "passthrough.h"

#include <stdlib.h>

#include "answers.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/config/model.h"
#include "common/provider/attempts.h"
#include "common/provider/client_headers.h"
#include "common/provider/idempotency.h"
#include "hand_over.h"
#include "passthrough_internal.h"
#include "query.h"

struct passthrough {
	struct buf query; /* that goes with the request */
};

struct passthrough *passthrough_open(void)
{
	return xcalloc(1, sizeof(struct passthrough));
}

void passthrough_close(struct passthrough *passthrough)
{
	if (passthrough == NULL)
		return;
	buf_free(&passthrough->query);
	free(passthrough);
}

bool passthrough_is_on(struct handlers *handlers)
{
	struct api_error error;

	if (handlers->passthrough != NULL)
		return true;
	api_error_set(&error, 501, "invalid_request_error", NULL, "not_implemented",
	    "Nothing is passed through to providers here: 'max_passthrough' is 0.");
	answer_error(handlers, &error);
	return false;
}

static void add_idempotency_key(struct handlers *handlers, struct buf *headers)
{
	const char *key = handlers->request.idempotency_key;
	char mixed[IDEMPOTENCY_KEY_SIZE];

	if (key == NULL)
		return;
	idempotency_key(mixed, handlers->tenant, key);
	client_headers_put(headers, "Idempotency-Key", mixed);
}

void passthrough_hand_over(struct handlers *handlers, struct handover handover)
{
	struct buf headers = {0};

	request_passed_headers(&handlers->request, &headers);
	add_idempotency_key(handlers, &headers);
	handover.headers = buf_cstr(&headers);
	if (!hand_over(handlers, &handover))
		hand_over_answer_refused(handlers);
	buf_free(&headers);
}

/* The version of azure's API is the deployment's affair. */
const char *passthrough_take_query(struct handlers *handlers)
{
	struct buf *query = &handlers->passthrough->query;
	struct api_error error;

	for (const char *p = handlers->request.query; *p != '\0'; p++) {
		if (*p > ' ' && *p < 0x7f)
			continue;
		api_error_set(&error, 400, "invalid_request_error", NULL, NULL,
		    "The query string has a byte 0x%02x in it, expected it to be escaped.",
		    (unsigned)(unsigned char)*p);
		answer_error(handlers, &error);
		return NULL;
	}
	buf_clear(query);
	query_without(query, handlers->request.query, "api-version");
	return buf_cstr(query);
}

/* Says why no deployment of the model can be called. */
static void cannot_call(struct handlers *handlers, const char *model)
{
	struct api_error error;

	if (!model_is_served(handlers->config, model)) {
		answer_model_not_found(handlers, model);
		return;
	}
	if (model_is_nobodys(handlers->config, model_resolve(handlers->config, model))) {
		answer_model_is_nobodys(handlers, model);
		return;
	}
	reply_header(&handlers->reply, "x-should-retry", "false");
	api_error_set(&error, 500, "server_error", "model", "model_not_configured",
	    "No deployment of the model '%.256s' can be called from here: it lacks its API key or "
	    "its address.",
	    model);
	answer_error(handlers, &error);
}

bool passthrough_can_call(
    struct handlers *handlers, const struct attempts *attempts, const char *model)
{
	if (attempts->deployment == NULL)
		cannot_call(handlers, model);
	return attempts->deployment != NULL;
}

const char *passthrough_obeyed(struct buf *out, const struct gateway_members *members)
{
	if (!members->obeyed)
		return "";
	buf_putc(out, '{');
	gateway_members_write(out, members);
	buf_putc(out, '}');
	return buf_cstr(out);
}

/* Whether the provider keeps what it makes, so that it can be asked for by its id. */
static bool is_stored(const struct create_request *request)
{
	return json_type(request->fields[RESPONSE_STORE]) != JSON_FALSE;
}

static unsigned create_flags(const struct create_request *request)
{
	unsigned flags = HANDOVER_CREATES;

	if (request->stream)
		flags |= HANDOVER_STREAMS;
	if (is_stored(request))
		flags |= HANDOVER_REMEMBER;
	if (create_request_followed(request) != NULL || request->stays)
		flags |= HANDOVER_STAY;
	return flags;
}

void passthrough_create(struct handlers *handlers, const struct create_request *request,
    struct span context, const char *deployment_id)
{
	struct attempts attempts;
	struct buf body = {0}, obeyed = {0};
	struct handover handover = {
	    .flags = create_flags(request),
	    .method = "POST",
	    .path = "responses",
	    .query = passthrough_take_query(handlers),
	    .accept = request->stream ? "text/event-stream" : "application/json",
	    .model = request->model,
	    .deployment = deployment_id,
	    .body = request->body,
	    .continued_id = request->continues ? request->previous_id : NULL,
	};

	if (handover.query == NULL)
		return;
	attempts_begin(&attempts, handlers->config, NULL,
	    &(struct attempts_request){.model = request->model, .members = &request->gateway});
	attempts_close(&attempts);
	if (!passthrough_can_call(handlers, &attempts, request->model))
		return;
	handover.obeyed = passthrough_obeyed(&obeyed, &request->gateway);
	if (!create_request_is_verbatim(request, context)) {
		create_request_write(&body, request, context);
		handover.body = buf_span(&body);
	}
	passthrough_hand_over(handlers, handover);
	buf_free(&body);
	buf_free(&obeyed);
}
