#include "passthrough.h"

#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/config/dialect.h"
#include "common/config/model.h"
#include "common/provider/attempts.h"
#include "common/provider/idempotency.h"
#include "common/provider/maker.h"
#include "common/provider/transfer.h"
#include "common/response/response_id.h"
#include "common/store/keys.h"
#include "hand_over.h"
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

static const char *header_line(const struct handlers *handlers, const char *variable)
{
	const char *value = request_header(&handlers->request, variable);

	return value != NULL && transfer_is_one_line(value) ? value : "";
}

static void pass_on(struct handlers *handlers, struct handover handover)
{
	const char *key = request_header(&handlers->request, "HTTP_IDEMPOTENCY_KEY");
	char mixed[IDEMPOTENCY_KEY_SIZE];

	handover.openai_beta = header_line(handlers, "HTTP_OPENAI_BETA");
	handover.client_request_id = header_line(handlers, "HTTP_X_CLIENT_REQUEST_ID");
	if (key != NULL) {
		idempotency_key(mixed, handlers->tenant, key);
		handover.idempotency_key = mixed;
	}
	if (!hand_over(handlers, &handover))
		hand_over_answer_refused(handlers);
}

/*
 * A query goes on as it is; what no URL may have in it does not. The version of azure's API is the
 * deployment's affair: a client that was made for azure names one to whoever it speaks to. Returns
 * NULL after answering.
 */
static const char *take_query(struct handlers *handlers)
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

	if (model_next_deployment(handlers->config, model, NULL) == NULL) {
		answer_model_not_found(handlers, model);
		return;
	}
	if (model_is_nobodys(handlers->config, model)) {
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

/* Whether there is a deployment to ask, or else the client has its answer. */
static bool can_call(struct handlers *handlers, const struct attempts *attempts, const char *model)
{
	if (attempts->deployment == NULL)
		cannot_call(handlers, model);
	return attempts->deployment != NULL;
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
	struct buf body = {0};
	struct handover handover = {
	    .flags = create_flags(request),
	    .method = "POST",
	    .path = "responses",
	    .query = take_query(handlers),
	    .accept = request->stream ? "text/event-stream" : "application/json",
	    .model = request->model,
	    .deployment = deployment_id,
	    .body = request->body,
	    .continued_id = request->continues ? request->previous_id : NULL,
	};

	if (handover.query == NULL)
		return;
	attempts_begin(&attempts, handlers->config, NULL, request->model);
	if (!can_call(handlers, &attempts, request->model))
		return;
	if (!create_request_is_verbatim(request, context)) {
		create_request_write(&body, request, context);
		handover.body = buf_span(&body);
	}
	pass_on(handlers, handover);
	buf_free(&body);
}

/* Whose a provider's response is. */
struct native_place {
	const struct deployment *deployment; /* NULL if there is none to ask */
	char *model;
};

/* The first deployment that can be called; if there is none, the first of all. */
static const struct deployment *first_of(const struct config *config, const char *model)
{
	const struct deployment *deployment = NULL;

	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (deployment_usable(deployment, model))
			return deployment;
	}
	return model_next_deployment(config, model, NULL);
}

static struct native_place default_place(const struct config *config)
{
	const char *model = config->default_deployment;

	if (model == NULL)
		return (struct native_place){0};
	return (struct native_place){first_of(config, model), xstrdup(model)};
}

/* Where the id leads that a LiteLLM proxy has made, if the request has such a one. */
static struct native_place unknown_place(const struct handlers *handlers)
{
	const struct litellm_mark *mark = &handlers->mark;
	const struct deployment *maker =
	    mark->id != NULL ? maker_by_mark(handlers->config, mark) : NULL;

	if (maker == NULL)
		return default_place(handlers->config);
	return (struct native_place){maker, maker_model(maker, mark)};
}

/* False if it is another tenant's, or Redis cannot say; the client has its answer then. */
static bool find_place(struct handlers *handlers, const char *id, struct native_place *place)
{
	struct native_response native = {0};
	enum store_result result = STORE_NOT_FOUND;

	if (handlers->store != NULL)
		result = store_native(handlers->store, id, handlers->tenant, &native);
	if (result != STORE_NOT_FOUND && !answer_stored(handlers, result))
		return false;
	*place = (struct native_place){0};
	if (result == STORE_OK)
		place->deployment = deployment_by_id(handlers->config, native.deployment);
	if (place->deployment != NULL)
		place->model = xmemdup(native.model.p, native.model.len);
	else
		*place = unknown_place(handlers);
	return true;
}

static const struct {
	enum route_kind kind;
	const char *suffix;
} suffixes[] = {
    {ROUTE_RESPONSE, ""},
    {ROUTE_CANCEL, "/cancel"},
    {ROUTE_INPUT_ITEMS, "/input_items"},
};

static void write_path(struct buf *path, const struct route *route, const char *id)
{
	buf_printf(path, "responses/%s", id);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (suffixes[i].kind == route->kind)
			buf_puts(path, suffixes[i].suffix);
	}
}

static const char *provider_method(enum http_method method)
{
	switch (method) {
	case METHOD_POST:
		return "POST";
	case METHOD_DELETE:
		return "DELETE";
	default:
		return "GET";
	}
}

static void ask_place(
    struct handlers *handlers, const char *id, const struct native_place *place, const char *query)
{
	const struct http_request *request = &handlers->request;
	struct attempts attempts;
	struct buf path = {0};
	struct handover handover = {
	    .flags = HANDOVER_ONLY,
	    .method = provider_method(request->method),
	    .query = query,
	    .accept = "application/json, text/event-stream",
	    .model = place->model,
	    .deployment = place->deployment->id,
	    .forget_id = id,
	};

	attempts_only(&attempts, handlers->config, place->deployment, place->model);
	if (!can_call(handlers, &attempts, place->model))
		return;
	write_path(&path, &request->route, id);
	handover.path = buf_cstr(&path);
	if (request_query_has(request, "stream=true"))
		handover.flags |= HANDOVER_STREAMS;
	if (request->method == METHOD_DELETE)
		handover.flags |= HANDOVER_FORGET;
	pass_on(handlers, handover);
	buf_free(&path);
}

/* No id of such a response is known to anybody. */
static void answer_not_kept(struct handlers *handlers, const char *id)
{
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "id", "response_not_found",
	    "Response with id '%.128s' not found: its provider keeps no responses. Only background "
	    "responses of such a model can be asked for later.",
	    id);
	answer_error(handlers, &error);
}

static bool keeps_responses(const struct native_place *place)
{
	return deployment_dialect(place->deployment, place->model) == DIALECT_RESPONSES;
}

/* Takes the route's id if a provider can have made it. In a path, dots alone lead elsewhere. */
static bool take_id(const struct route *route, char id[NATIVE_ID_MAX + 1])
{
	if (route->id.len == 0 || route->id.len > NATIVE_ID_MAX)
		return false;
	memcpy(id, route->id.p, route->id.len);
	id[route->id.len] = '\0';
	return native_id_valid(id) && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

void passthrough_by_id(struct handlers *handlers)
{
	struct native_place place;
	char id[NATIVE_ID_MAX + 1];
	const char *query;

	if (!take_id(&handlers->request.route, id)) {
		answer_not_found(handlers);
		return;
	}
	if (response_id_is_unkept(id)) {
		answer_not_kept(handlers, id);
		return;
	}
	query = take_query(handlers);
	if (query == NULL || !find_place(handlers, id, &place))
		return;
	if (place.deployment == NULL)
		answer_not_found(handlers);
	else if (keeps_responses(&place))
		ask_place(handlers, id, &place, query);
	else
		answer_not_kept(handlers, id);
	free(place.model);
}
