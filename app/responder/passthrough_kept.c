#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "common/base/alloc.h"
#include "common/config/dialect.h"
#include "common/config/key_models.h"
#include "common/config/model.h"
#include "common/provider/maker.h"
#include "common/response/response_id.h"
#include "common/store/keys.h"
#include "passthrough_internal.h"

/* Whose what a provider keeps is. */
struct native_place {
	const struct deployment *deployment; /* NULL if there is none to ask */
	char *model;
};

/* The first deployment that can be called; if there is none, the first of all. */
static const struct deployment *first_of(const struct config *config, const char *model)
{
	const struct deployment *usable = model_first_usable(config, model);

	return usable != NULL ? usable : model_next_deployment(config, model, NULL);
}

/* None for a key that may not use its model. */
static struct native_place default_place(const struct handlers *handlers)
{
	const struct config *config = handlers->config;
	const char *model = config->default_deployment;

	if (model == NULL || !key_may_use(config, handlers->key, model))
		return (struct native_place){0};
	return (struct native_place){first_of(config, model), xstrdup(model)};
}

static struct native_place marked_place(
    const struct handlers *handlers, const struct deployment *maker)
{
	struct native_place place = {maker, maker_model(maker, &handlers->mark)};

	if (key_may_use(handlers->config, handlers->key, place.model))
		return place;
	free(place.model);
	return (struct native_place){0};
}

/* Where the id leads that a LiteLLM proxy has made, if the request has such a one. */
static struct native_place unknown_place(const struct handlers *handlers)
{
	const struct litellm_mark *mark = &handlers->mark;
	const struct deployment *maker =
	    mark->id != NULL ? maker_by_mark(handlers->config, mark) : NULL;

	if (maker == NULL)
		return default_place(handlers);
	return marked_place(handlers, maker);
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

/* The rest of handover is the caller's: path, query and what goes with the request. */
static void ask_place(
    struct handlers *handlers, const struct native_place *place, struct handover handover)
{
	const struct http_request *request = &handlers->request;
	struct attempts attempts;

	attempts_only(&attempts, handlers->config, place->deployment, place->model);
	if (!passthrough_can_call(handlers, &attempts, place->model))
		return;
	handover.flags |= HANDOVER_ONLY;
	handover.method = provider_method(request->method);
	handover.accept = "application/json, text/event-stream";
	handover.model = place->model;
	handover.deployment = place->deployment->id;
	passthrough_hand_over(handlers, handover);
}

static void ask_about_response(
    struct handlers *handlers, const char *id, const struct native_place *place, const char *query)
{
	const struct http_request *request = &handlers->request;
	struct handover handover = {.query = query, .forget_id = id};
	struct buf path = {0};

	write_path(&path, &request->route, id);
	handover.path = buf_cstr(&path);
	if (request_query_has(request, "stream=true"))
		handover.flags |= HANDOVER_STREAMS;
	if (request->method == METHOD_DELETE)
		handover.flags |= HANDOVER_FORGET;
	ask_place(handlers, place, handover);
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
	query = passthrough_take_query(handlers);
	if (query == NULL || !find_place(handlers, id, &place))
		return;
	if (place.deployment == NULL)
		answer_not_found(handlers);
	else if (keeps_responses(&place))
		ask_about_response(handlers, id, &place, query);
	else
		answer_not_kept(handlers, id);
	free(place.model);
}

static void answer_no_conversations(struct handlers *handlers, const char *why)
{
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", NULL, "conversations_not_served",
	    "Conversations are kept by the provider of the 'default_deployment', and %s.", why);
	answer_error(handlers, &error);
}

void passthrough_conversation(struct handlers *handlers, const char *path, struct span body)
{
	struct native_place place;
	struct handover handover = {
	    .flags = HANDOVER_VERBATIM,
	    .path = path,
	    .query = passthrough_take_query(handlers),
	    .body = body,
	};

	if (handover.query == NULL)
		return;
	place = default_place(handlers);
	if (place.deployment == NULL)
		answer_no_conversations(handlers, "none is configured");
	else if (!keeps_responses(&place))
		answer_no_conversations(handlers, "that one does not speak the Responses API");
	else
		ask_place(handlers, &place, handover);
	free(place.model);
}
