#include "passthrough.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../common/alloc.h"
#include "../common/attempts.h"
#include "../common/health.h"
#include "../common/json.h"
#include "../common/keys.h"
#include "../common/log.h"
#include "../common/model.h"
#include "answers.h"
#include "busy_slots.h"
#include "direct_call.h"
#include "relay.h"
#include "transfer.h"

enum {
	FIRST_PAUSE_MS = 250,
	LONGEST_PAUSE_MS = 4000,
	LONGEST_RETRY_AFTER = 5, /* s; a client that is told to wait longer can do so by itself */
};

struct passthrough {
	const struct signal_source *signals;
	struct direct_caller *caller; /* NULL until needed */
	struct busy_slots slots;
	int max_busy; /* 0: no bound */
	struct health health;
	double health_read_at;
};

/* A request on its way to a deployment and back. */
struct errand {
	struct handlers *handlers;
	const char *method;
	struct span path; /* under the API's base */
	const char *query;
	const char *accept;
	/* Of a create; NULL for a request about a response that exists. */
	const struct create_request *create;
	struct span context; /* what stands before create's input */

	struct attempts attempts;
	struct client_watch watch;
	struct relay relay;
	struct direct_result result;
};

/* How one call went. */
enum outcome {
	OUTCOME_OVER, /* the client has its answer, or is gone */
	OUTCOME_FAILED,
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
	busy_slots_open(&passthrough->slots, setup->config_path);
	health_open(&passthrough->health, config);
	return passthrough;
}

void passthrough_close(struct passthrough *passthrough)
{
	if (passthrough == NULL)
		return;
	health_close(&passthrough->health);
	busy_slots_close(&passthrough->slots);
	direct_caller_close(passthrough->caller);
	free(passthrough);
}

/* ---- what is known of the deployments -------------------------------------------------------- */

static bool shares_health(const struct handlers *handlers)
{
	return handlers->store != NULL && handlers->config->deployment_count > 1;
}

static void read_health(struct handlers *handlers)
{
	struct passthrough *passthrough = handlers->passthrough;
	double now = monotonic_seconds();

	if (!shares_health(handlers) ||
	    (passthrough->health_read_at != 0 &&
		now < passthrough->health_read_at + HEALTH_READ_MS / 1000.0))
		return;
	passthrough->health_read_at = now;
	if (store_read_health(handlers->store, &passthrough->health) != STORE_OK)
		answer_log_unavailable(handlers);
}

static void report_outcome(
    struct handlers *handlers, const struct deployment *deployment, bool failed)
{
	struct health *health = &handlers->passthrough->health;

	if (!shares_health(handlers) || !health_is_news(health, deployment, failed))
		return;
	if (store_report(handlers->store, health, deployment, failed) != STORE_OK)
		answer_log_unavailable(handlers);
}

/* ---- ids ------------------------------------------------------------------------------------- */

/* relay.on_id: the deployment of a created response is remembered before the client knows the id.
 */
static void remember_id(void *ctx, struct span id)
{
	struct errand *errand = ctx;
	struct handlers *handlers = errand->handlers;
	char text[NATIVE_ID_MAX + 1];

	if (id.len > NATIVE_ID_MAX)
		return;
	memcpy(text, id.p, id.len);
	text[id.len] = '\0';
	if (store_remember_native(handlers->store, text, handlers->tenant,
		errand->attempts.deployment->id, errand->attempts.model,
		handlers->config->native_ttl) == STORE_UNAVAILABLE)
		answer_log_unavailable(handlers);
}

/* Whether the provider keeps what it makes, so that it can be asked for by its id. */
static bool remembers_id(const struct errand *errand)
{
	const struct create_request *create = errand->create;

	return create != NULL && errand->handlers->store != NULL &&
	       json_type(create->fields[RESPONSE_STORE]) != JSON_FALSE;
}

/* ---- one call -------------------------------------------------------------------------------- */

/* Headers of the client's that mean something to the provider. */
static const struct {
	const char *variable;
	const char *name;
} request_headers[] = {
    {"HTTP_OPENAI_BETA", "OpenAI-Beta"},
    {"HTTP_IDEMPOTENCY_KEY", "Idempotency-Key"},
    {"HTTP_X_CLIENT_REQUEST_ID", "X-Client-Request-Id"},
};

static bool fits_in_header(const char *value)
{
	for (; *value != '\0'; value++) {
		if (iscntrl((unsigned char)*value))
			return false;
	}
	return true;
}

static struct curl_slist *add_header(
    struct curl_slist *headers, const char *name, const char *value)
{
	struct buf line = {0};

	buf_printf(&line, "%s: %s", name, value);
	headers = transfer_add_header(headers, buf_cstr(&line));
	buf_free(&line);
	return headers;
}

static struct curl_slist *add_client_headers(
    struct curl_slist *headers, const struct http_request *request)
{
	for (size_t i = 0; i < sizeof(request_headers) / sizeof(request_headers[0]); i++) {
		const char *value = request_header(request, request_headers[i].variable);

		if (value != NULL && fits_in_header(value))
			headers = add_header(headers, request_headers[i].name, value);
	}
	return headers;
}

static void open_relay(struct errand *errand)
{
	const struct attempts *attempts = &errand->attempts;

	errand->relay = (struct relay){
	    .reply = &errand->handlers->reply,
	    .secret = transfer_secret(attempts->deployment, attempts->model),
	    .max_held = errand->handlers->config->max_response_bytes,
	    .on_id = remembers_id(errand) ? remember_id : NULL,
	    .ctx = errand,
	};
	relay_open(&errand->relay, &errand->handlers->object);
}

static void call_deployment(struct errand *errand)
{
	const struct deployment *deployment = errand->attempts.deployment;
	struct buf url = {0}, body = {0};
	const char *error = NULL;
	struct direct_call call = {
	    .method = errand->method,
	    .timeout = deployment->timeout,
	    .stream_timeout = deployment->stream_timeout,
	    .on_head = relay_on_head,
	    .on_body = relay_on_body,
	    .on_idle = relay_on_idle,
	    .ctx = &errand->relay,
	};

	transfer_url(&url, deployment, errand->attempts.model, errand->path, errand->query);
	call.url = buf_cstr(&url);
	call.headers = transfer_headers(deployment, errand->attempts.model, &error);
	if (error == NULL) {
		call.headers = add_header(call.headers, "Accept", errand->accept);
		call.headers = add_client_headers(call.headers, &errand->handlers->request);
		if (errand->create != NULL)
			create_request_write(&body, errand->create, errand->attempts.deployment,
			    errand->attempts.model, errand->context);
		call.body = buf_span(&body);
		direct_call(
		    errand->handlers->passthrough->caller, &call, &errand->watch, &errand->result);
	} else {
		errand->result =
		    (struct direct_result){.end = DIRECT_NOT_REACHED, .retry_after = -1};
		strncat(errand->result.error, error, sizeof(errand->result.error) - 1);
	}
	curl_slist_free_all(call.headers);
	buf_free(&url);
	buf_free(&body);
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

static bool is_whole(const struct direct_result *result)
{
	return result->end == DIRECT_COMPLETE || result->end == DIRECT_UNFRAMED;
}

static bool client_is_gone(const struct direct_result *result)
{
	return result->end == DIRECT_CLIENT_GONE || result->end == DIRECT_STOPPED;
}

static bool is_success(const struct direct_result *result)
{
	return is_whole(result) && result->status >= 200 && result->status <= 299;
}

static bool is_deployments_failure(const struct errand *errand)
{
	const struct direct_result *result = &errand->result;

	/* An unknown id is not the deployment's fault. */
	if (errand->create == NULL && result->status == 404)
		return false;
	return health_is_failure(is_whole(result) ? result->status : 0);
}

static const struct {
	enum direct_end end;
	int status;
	const char *code;
	const char *message;
} failures[] = {
    {DIRECT_NOT_REACHED, 502, "upstream_unreachable", "The provider cannot be reached"},
    {DIRECT_DISCONNECTED, 502, "upstream_disconnected",
	"The connection to the provider broke off before the answer was complete"},
    {DIRECT_TIMEOUT, 504, "upstream_timeout", "The provider took too long"},
    {DIRECT_PROCESS_ENDS, 503, "shutting_down",
	"The server is stopping before the provider has answered"},
};

static void answer_failure(struct errand *errand)
{
	const struct direct_result *result = &errand->result;
	struct api_error error;
	size_t i = 0;

	while (failures[i].end != result->end)
		i++;
	api_error_set(&error, failures[i].status, "server_error", NULL, failures[i].code, "%s%s%s.",
	    failures[i].message, result->error[0] != '\0' ? ": " : "", result->error);
	if (errand->relay.begun)
		relay_break_off(&errand->relay, failures[i].code, error.message);
	else
		answer_error(errand->handlers, &error);
}

static void answer(struct errand *errand)
{
	if (client_is_gone(&errand->result))
		errand->handlers->fcgi->keepConnection = 0;
	else if (is_whole(&errand->result))
		relay_finish(&errand->relay);
	else
		answer_failure(errand);
}

/* s before the same deployment is asked again: twice as long each time, a part left to chance. */
static double pause_before_try(const struct errand *errand)
{
	int ms = FIRST_PAUSE_MS;

	for (int i = 1; i < errand->attempts.tries && ms < LONGEST_PAUSE_MS; i++)
		ms *= 2;
	ms = ms / 2 + (int)(random() % (ms / 2 + 1));
	if (errand->result.retry_after * 1000 > ms)
		ms = (int)(errand->result.retry_after * 1000);
	return ms / 1000.0;
}

/* Whether there is another deployment to try, or the same again after the pause made here. */
static bool try_again(struct errand *errand)
{
	const struct direct_result *result = &errand->result;
	enum watch_result watched;

	if (errand->relay.begun || is_success(result) || client_is_gone(result) ||
	    result->end == DIRECT_PROCESS_ENDS || result->end == DIRECT_TIMEOUT)
		return false;
	if (!attempts_next(
		&errand->attempts, call_failure_of(is_whole(result) ? result->status : 0)))
		return false;
	if (!errand->attempts.pause)
		return true;
	if (result->retry_after > LONGEST_RETRY_AFTER)
		return false;
	watched = client_watch_pause(&errand->watch, pause_before_try(errand));
	if (watched == WATCH_CLIENT_GONE)
		errand->result.end = DIRECT_CLIENT_GONE;
	return watched == WATCH_GO_ON;
}

/* Calls one deployment after the other until the client can be answered. */
static void run(struct errand *errand)
{
	const struct deployment *called;
	struct handlers *handlers = errand->handlers;
	bool again;

	client_watch_begin(&errand->watch, handlers->passthrough->signals, handlers->fcgi->ipcFd,
	    handlers->config->drain_seconds);
	do {
		called = errand->attempts.deployment;
		open_relay(errand);
		call_deployment(errand);
		if (!client_is_gone(&errand->result) && errand->result.end != DIRECT_PROCESS_ENDS)
			report_outcome(handlers, called, is_deployments_failure(errand));
		again = try_again(errand);
		if (!again)
			answer(errand);
		relay_close(&errand->relay);
	} while (again);
}

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

	if (!open_caller(errand->handlers))
		return;
	/* What follows the request on its connection is then the web server's word that it is over.
	 */
	if (!request_discard_rest(errand->handlers->fcgi->in))
		errand->handlers->fcgi->keepConnection = 0;
	if (passthrough->max_busy != 0 &&
	    !busy_slots_take(&passthrough->slots, passthrough->max_busy)) {
		too_busy(errand->handlers);
		return;
	}
	run(errand);
	busy_slots_give_back(&passthrough->slots);
}

/* ---- a new response -------------------------------------------------------------------------- */

/* Says why no deployment of the model can be called. */
static void cannot_call(struct handlers *handlers, const char *model)
{
	struct api_error error;

	if (model_deployments(handlers->config, model, NULL, 0) == 0) {
		answer_model_not_found(handlers, model);
		return;
	}
	reply_header(&handlers->reply, "x-should-retry", "false");
	api_error_set(&error, 500, "server_error", "model", "model_not_configured",
	    "No deployment of the model '%.256s' can be called from here: it lacks its API key or "
	    "its address.",
	    model);
	answer_error(handlers, &error);
}

void passthrough_create(struct handlers *handlers, const struct create_request *request,
    struct span context, const char *deployment_id)
{
	struct errand errand = {
	    .handlers = handlers,
	    .method = "POST",
	    .path = SPAN("responses"),
	    .query = handlers->request.query,
	    .accept = request->stream ? "text/event-stream" : "application/json",
	    .create = request,
	    .context = context,
	};

	read_health(handlers);
	attempts_begin(
	    &errand.attempts, handlers->config, &handlers->passthrough->health, request->model);
	if (deployment_id != NULL && deployment_id[0] != '\0')
		attempts_prefer(&errand.attempts, deployment_id);
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

static struct native_place default_place(const struct config *config)
{
	const struct deployment *deployment = NULL;
	const char *model = config->default_deployment;

	if (model != NULL)
		model_deployments(config, model, &deployment, 1);
	return (struct native_place){deployment, model != NULL ? xstrdup(model) : NULL};
}

/* False if it is another tenant's, or Redis cannot say; the client has its answer then. */
static bool find_place(struct handlers *handlers, const char *id, struct native_place *place)
{
	struct native_response native = {0};
	enum store_result result = STORE_NOT_FOUND;

	if (handlers->store != NULL)
		result = store_native(handlers->store, id, handlers->tenant, &native);
	*place = (struct native_place){0};
	if (result == STORE_OK) {
		place->deployment = deployment_by_id(handlers->config, native.deployment);
		place->model = xmemdup(native.model.p, native.model.len);
	} else if (result == STORE_NOT_FOUND) {
		*place = default_place(handlers->config);
	} else {
		return answer_stored(handlers, result);
	}
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

static void ask_place(struct handlers *handlers, const char *id, const struct native_place *place)
{
	const struct http_request *request = &handlers->request;
	struct buf path = {0};
	struct errand errand = {
	    .handlers = handlers,
	    .method = provider_method(request->method),
	    .query = request->query,
	    .accept = "application/json, text/event-stream",
	};

	write_path(&path, &request->route, id);
	errand.path = buf_span(&path);
	attempts_only(&errand.attempts, handlers->config, place->deployment, place->model);
	if (errand.attempts.deployment == NULL)
		cannot_call(handlers, place->model);
	else
		run_if_free(&errand);
	if (request->method == METHOD_DELETE && is_success(&errand.result) &&
	    handlers->store != NULL && store_forget_native(handlers->store, id) != STORE_OK)
		answer_log_unavailable(handlers);
	buf_free(&path);
}

/* A query goes on as it is; what no URL may have in it does not. */
static bool check_query(struct handlers *handlers)
{
	struct api_error error;

	for (const char *p = handlers->request.query; *p != '\0'; p++) {
		if (*p > ' ' && *p < 0x7f)
			continue;
		api_error_set(&error, 400, "invalid_request_error", NULL, NULL,
		    "The query string has a byte 0x%02x in it, expected it to be escaped.",
		    (unsigned)(unsigned char)*p);
		answer_error(handlers, &error);
		return false;
	}
	return true;
}

void passthrough_by_id(struct handlers *handlers)
{
	struct span route_id = handlers->request.route.id;
	struct native_place place;
	struct native_key key;
	char id[NATIVE_ID_MAX + 1];

	if (route_id.len > NATIVE_ID_MAX) {
		answer_not_found(handlers);
		return;
	}
	memcpy(id, route_id.p, route_id.len);
	id[route_id.len] = '\0';
	if (!native_key(&key, id)) {
		answer_not_found(handlers);
		return;
	}
	if (!check_query(handlers) || !find_place(handlers, id, &place))
		return;
	if (place.deployment != NULL)
		ask_place(handlers, id, &place);
	else
		answer_not_found(handlers);
	free(place.model);
}
