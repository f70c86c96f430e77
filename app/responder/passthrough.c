#include "passthrough.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/provider/attempts.h"
#include "common/base/clock.h"
#include "common/provider/health.h"
#include "common/store/keys.h"
#include "common/base/log.h"
#include "common/config/model.h"
#include "answers.h"
#include "busy_slots.h"
#include "direct_call.h"
#include "errand.h"
#include "query.h"

struct passthrough {
	const struct signal_source *signals;
	struct direct_caller *caller; /* NULL until needed */
	struct busy_slots *slots;     /* NULL: no bound */
	struct buf query;             /* that goes with the request */
	int max_busy;
	struct health health;
	double health_read_at;
};

/* ---- opening --------------------------------------------------------------------------------- */

static int most_at_once(const struct config *config, int children)
{
	if (config->max_passthrough != HALF_OF_CHILDREN)
		return config->max_passthrough;
	return children == 1 ? 1 : children / 2;
}

struct passthrough *passthrough_open(
    const struct config *config, const struct responder_setup *setup)
{
	struct passthrough *passthrough = xcalloc(1, sizeof(*passthrough));

	passthrough->signals = &setup->signals;
	passthrough->max_busy = most_at_once(config, setup->children);
	passthrough->slots = setup->busy;
	health_open(&passthrough->health, config);
	return passthrough;
}

void passthrough_close(struct passthrough *passthrough)
{
	if (passthrough == NULL)
		return;
	health_close(&passthrough->health);
	buf_free(&passthrough->query);
	direct_caller_close(passthrough->caller);
	free(passthrough);
}

/* ---- what is known of the deployments -------------------------------------------------------- */

static void read_health(struct handlers *handlers)
{
	struct passthrough *passthrough = handlers->passthrough;
	double now = monotonic_seconds();

	if (!errand_shares_health(handlers) ||
	    (passthrough->health_read_at != 0 &&
		now < passthrough->health_read_at + HEALTH_READ_MS / 1000.0))
		return;
	passthrough->health_read_at = now;
	if (store_read_health(handlers->store, &passthrough->health) != STORE_OK)
		answer_log_unavailable(handlers);
}

/* ---- the way to a deployment ----------------------------------------------------------------- */

static void too_busy(struct handlers *handlers)
{
	struct api_error error;

	api_error_set(&error, 503, "server_error", NULL, "passthrough_busy",
	    "%d requests are being passed through to providers, as many as may be at once. Please "
	    "try again.",
	    handlers->passthrough->max_busy);
	answer_error(handlers, &error);
}

static bool open_caller(struct handlers *handlers)
{
	struct passthrough *passthrough = handlers->passthrough;
	struct api_error error;

	if (passthrough->caller == NULL)
		passthrough->caller = direct_caller_open();
	if (passthrough->caller != NULL)
		return true;
	log_warnx("cannot set up libcurl");
	api_error_set(
	    &error, 500, "server_error", NULL, "no_client", "The server cannot call providers.");
	answer_error(handlers, &error);
	return false;
}

static void run_if_free(struct errand *errand)
{
	struct passthrough *passthrough = errand->handlers->passthrough;
	struct fcgi_request *fcgi = errand->handlers->fcgi;

	if (!open_caller(errand->handlers))
		return;
	/* What follows the request is then the web server's word that it is over. */
	if (!fcgi_request_discard_rest(fcgi))
		fcgi->keep = false;
	if (fcgi_request_aborted(fcgi))
		return;
	if (passthrough->slots != NULL &&
	    !busy_slots_take(passthrough->slots, passthrough->max_busy)) {
		too_busy(errand->handlers);
		return;
	}
	errand_run(errand, passthrough->caller, passthrough->signals);
	if (passthrough->slots != NULL)
		busy_slots_give_back(passthrough->slots);
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

/* ---- a new response -------------------------------------------------------------------------- */

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

static void choose_first(
    struct attempts *attempts, const struct create_request *request, const char *deployment_id)
{
	if (deployment_id == NULL || deployment_id[0] == '\0')
		return;
	if (create_request_followed(request) != NULL)
		attempts_stay(attempts, deployment_id);
	else
		attempts_prefer(attempts, deployment_id);
}

void passthrough_create(struct handlers *handlers, const struct create_request *request,
    struct span context, const char *deployment_id)
{
	struct errand errand = {
	    .handlers = handlers,
	    .health = &handlers->passthrough->health,
	    .method = "POST",
	    .path = SPAN("responses"),
	    .query = take_query(handlers),
	    .accept = request->stream ? "text/event-stream" : "application/json",
	    .streams = request->stream,
	    .create = request,
	    .context = context,
	};

	if (errand.query == NULL)
		return;
	read_health(handlers);
	attempts_begin(
	    &errand.attempts, handlers->config, &handlers->passthrough->health, request->model);
	choose_first(&errand.attempts, request, deployment_id);
	if (errand.attempts.deployment == NULL)
		cannot_call(handlers, request->model);
	else
		run_if_free(&errand);
}

/* ---- a response that exists ------------------------------------------------------------------ */

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
		*place = default_place(handlers->config);
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
	struct buf path = {0};
	struct errand errand = {
	    .handlers = handlers,
	    .health = &handlers->passthrough->health,
	    .method = provider_method(request->method),
	    .query = query,
	    .accept = "application/json, text/event-stream",
	    .streams = request_query_has(request, "stream=true"),
	};

	write_path(&path, &request->route, id);
	errand.path = buf_span(&path);
	attempts_only(&errand.attempts, handlers->config, place->deployment, place->model);
	if (errand.attempts.deployment == NULL)
		cannot_call(handlers, place->model);
	else
		run_if_free(&errand);
	if (request->method == METHOD_DELETE && errand_succeeded(&errand) &&
	    handlers->store != NULL &&
	    store_forget_native(handlers->store, id, handlers->tenant) != STORE_OK)
		answer_log_unavailable(handlers);
	buf_free(&path);
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
	query = take_query(handlers);
	if (query == NULL || !find_place(handlers, id, &place))
		return;
	if (place.deployment != NULL)
		ask_place(handlers, id, &place, query);
	else
		answer_not_found(handlers);
	free(place.model);
}
