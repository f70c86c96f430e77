#include "handlers.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "../common/alloc.h"
#include "../common/create_request.h"
#include "../common/json.h"
#include "../common/log.h"
#include "../common/model.h"
#include "../common/response.h"
#include "auth.h"
#include "foreign.h"
#include "input_items.h"

enum {
	ETAG_SIZE = 1 + 16 + 1 + 1,
	KEPT_BUFFER = 1048576, /* bytes that a buffer may keep for the next request */
	REPLACE_TRIES = 5,
};

static const char poll_after_ms[] = "500";

/* ---- answers that several routes give -------------------------------------------------------- */

static void send_error(struct handlers *handlers, const struct api_error *error)
{
	reply_error(&handlers->reply, error);
}

static void not_found(struct handlers *handlers)
{
	struct span id = handlers->request.route.id;
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "id", "response_not_found",
	    "Response with id '%.*s' not found.",
	    (int)(id.len < RESPONSE_ID_MAX ? id.len : RESPONSE_ID_MAX), id.p);
	send_error(handlers, &error);
}

/* The reason goes to the log alone, and not more than once a second. */
static void unavailable(struct handlers *handlers)
{
	struct api_error error;
	time_t now = time(NULL);

	if (now != handlers->warned_at)
		log_warnx("redis: %s", store_error(handlers->store));
	handlers->warned_at = now;
	api_error_set(&error, 503, "server_error", NULL, "store_unavailable",
	    "The response store is not reachable. Please try again.");
	send_error(handlers, &error);
}

static void queue_full(struct handlers *handlers)
{
	struct api_error error;

	api_error_set(&error, 429, "rate_limit_error", NULL, "queue_full",
	    "Too many background responses are waiting (%ld). Please try again later.",
	    handlers->config->max_queue);
	send_error(handlers, &error);
}

/* Answers for a call that failed. Returns whether it was well. */
static bool stored_well(struct handlers *handlers, enum store_result result)
{
	switch (result) {
	case STORE_OK:
		return true;
	case STORE_NOT_FOUND:
		not_found(handlers);
		return false;
	case STORE_QUEUE_FULL:
		queue_full(handlers);
		return false;
	case STORE_UNAVAILABLE:
		break;
	}
	unavailable(handlers);
	return false;
}

static void send_json(struct handlers *handlers, struct span body)
{
	reply_header(&handlers->reply, "Cache-Control", "no-store");
	reply_json(&handlers->reply, 200, body);
}

/*
 * Copies the id to out if there may be a response of that id. Otherwise answers 404, and returns
 * false.
 */
static bool take_id(struct handlers *handlers, char out[RESPONSE_ID_MAX + 1])
{
	struct span id = handlers->request.route.id;

	if (handlers->store != NULL && id.len <= RESPONSE_ID_MAX) {
		memcpy(out, id.p, id.len);
		out[id.len] = '\0';
		if (response_id_valid(out))
			return true;
	}
	not_found(handlers);
	return false;
}

/* ---- create ---------------------------------------------------------------------------------- */

static bool not_implemented(struct api_error *error, const char *param, const char *why)
{
	return api_error_set(
	    error, 501, "invalid_request_error", param, "not_implemented", "%s", why);
}

/* Why a request that a deployment could serve is not answered by polling. */
static bool explain_no_polling(
    const struct config *config, const struct create_request *request, struct api_error *error)
{
	if (!request->background)
		return not_implemented(error, "background",
		    "Only background responses are served here: set 'background' to true.");
	if (!config->redis.enabled)
		return not_implemented(error, "background",
		    "Background responses need Redis, and none is configured.");
	return not_implemented(
	    error, "model", "Background responses by polling are not enabled for this model.");
}

/* Whether the configuration has a way to serve the model, and to answer the request by polling. */
static bool check_model(
    const struct config *config, const struct create_request *request, struct api_error *error)
{
	size_t max = config->deployment_count;
	const struct deployment **deployments = xcalloc(max, sizeof(*deployments));
	size_t count = model_deployments(config, request->model, deployments, max);
	bool reachable = false;

	for (size_t i = 0; i < count && i < max; i++)
		reachable = reachable || deployment_base(deployments[i], request->model) != NULL;
	free(deployments);
	if (count == 0)
		return api_error_set(error, 400, "invalid_request_error", "model",
		    "model_not_found", "The model '%.256s' does not exist here.", request->model);
	if (!model_should_poll(config, request->model, request->background))
		return explain_no_polling(config, request, error);
	if (!reachable)
		return api_error_set(error, 400, "invalid_request_error", "model",
		    "model_not_configured",
		    "The model '%.256s' has no deployment with an api_base.", request->model);
	return true;
}

static bool check_request(
    const struct config *config, const struct create_request *request, struct api_error *error)
{
	if (request->background && request->stream)
		return api_error_set(error, 400, "invalid_request_error", "stream",
		    "unsupported_parameter",
		    "Streaming a background response is not supported: send either 'background' "
		    "or 'stream', and poll a background response.");
	return check_model(config, request, error);
}

/* Whether input_items can serve the input to the last; else it goes when the request goes. */
static bool keeps_input(const struct config *config, const struct create_request *request)
{
	return config->store_input && json_type(request->fields[RESPONSE_STORE]) != JSON_FALSE;
}

static void move_input_to_request(struct create_request *request)
{
	if (request->input.len == 0)
		return;
	buf_puts(&request->rest, request->rest.len != 0 ? ",\"input\":" : "\"input\":");
	buf_append_span(&request->rest, request->input);
	request->input = (struct span){0};
}

static void create_response(struct handlers *handlers, struct create_request *request)
{
	char id[RESPONSE_ID_SIZE];
	struct new_job job = {
	    .id = id,
	    .tenant = handlers->tenant,
	    .model = request->model,
	    .ttl = handlers->config->polling.ttl,
	    .max_queue = handlers->config->max_queue,
	};

	if (!keeps_input(handlers->config, request))
		move_input_to_request(request);
	job.request = buf_span(&request->rest);
	job.input = request->input;
	response_id_generate(id);
	buf_clear(&handlers->object);
	response_initial(&handlers->object, id, time(NULL), request->fields);
	job.object = buf_span(&handlers->object);
	if (!stored_well(handlers, store_create(handlers->store, &job)))
		return;
	reply_header(&handlers->reply, "openai-poll-after-ms", poll_after_ms);
	send_json(handlers, job.object);
}

static void handle_create(struct handlers *handlers)
{
	const struct config *config = handlers->config;
	struct create_request request;
	struct api_error error;

	buf_clear(&handlers->body);
	if (!request_read_body(
		&handlers->request, config->max_request_bytes, &handlers->body, &error) ||
	    !create_request_parse(&request, buf_span(&handlers->body), &error)) {
		send_error(handlers, &error);
		return;
	}
	if (check_request(config, &request, &error))
		create_response(handlers, &request);
	else
		send_error(handlers, &error);
	create_request_free(&request);
}

/* ---- poll ------------------------------------------------------------------------------------ */

static void make_etag(char out[ETAG_SIZE], struct span object)
{
	static const char digits[] = "0123456789abcdef";
	XXH64_hash_t hash = XXH3_64bits(object.p, object.len);

	out[0] = '"';
	for (int i = 16; i > 0; i--, hash >>= 4)
		out[i] = digits[hash & 0xf];
	out[17] = '"';
	out[18] = '\0';
}

/* Sends the object, or only that the client has it already. */
static void send_object(struct handlers *handlers, struct span object, enum response_status status)
{
	struct reply *reply = &handlers->reply;
	char etag[ETAG_SIZE];

	make_etag(etag, object);
	reply_header(reply, "ETag", etag);
	reply_header(reply, "Cache-Control", "no-cache");
	if (status == STATUS_QUEUED || status == STATUS_IN_PROGRESS)
		reply_header(reply, "openai-poll-after-ms", poll_after_ms);
	if (reply_etag_matches(handlers->request.if_none_match, etag))
		reply_not_modified(reply);
	else
		reply_json(reply, 200, object);
}

static void send_stored(struct handlers *handlers, const struct stored_response *stored)
{
	enum response_status status;

	if (!stored->foreign)
		send_object(handlers, stored->object, response_status_peek(stored->object));
	else if (foreign_read(&handlers->object, &status, stored->object))
		send_object(handlers, buf_span(&handlers->object), status);
	else
		not_found(handlers);
}

static void handle_poll(struct handlers *handlers)
{
	struct stored_response stored;
	char id[RESPONSE_ID_MAX + 1];

	if (take_id(handlers, id) &&
	    stored_well(handlers, store_poll(handlers->store, id, handlers->tenant, &stored)))
		send_stored(handlers, &stored);
}

/* ---- cancel ---------------------------------------------------------------------------------- */

/*
 * Leaves the cancelled object in handlers->object. STORE_NOT_FOUND if what is stored is no object,
 * or has changed meanwhile.
 */
static enum store_result cancel_foreign(
    struct handlers *handlers, const char *id, struct span stored)
{
	struct buf replacement = {0};
	enum response_status status;
	enum store_result result = STORE_NOT_FOUND;

	if (!foreign_read(&handlers->object, &status, stored))
		return STORE_NOT_FOUND;
	if (response_status_is_terminal(status))
		return STORE_OK;
	if (foreign_cancel(&handlers->object, &replacement, stored))
		result = store_replace(handlers->store, id, stored, buf_span(&replacement),
		    handlers->config->polling.ttl);
	buf_free(&replacement);
	return result;
}

/* The worker of the program that made a foreign response may write to it at any time. */
static enum store_result cancel_response(
    struct handlers *handlers, const char *id, struct span *object)
{
	struct stored_response stored;
	enum store_result result = STORE_NOT_FOUND;

	for (int i = 0; result == STORE_NOT_FOUND && i < REPLACE_TRIES; i++) {
		result = store_cancel(handlers->store, id, handlers->tenant, &stored);
		if (result != STORE_OK)
			return result;
		*object = stored.object;
		if (stored.foreign) {
			result = cancel_foreign(handlers, id, stored.object);
			*object = buf_span(&handlers->object);
		}
	}
	return result;
}

static void handle_cancel(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];
	struct span object;

	if (take_id(handlers, id) && stored_well(handlers, cancel_response(handlers, id, &object)))
		send_json(handlers, object);
}

/* ---- delete, input items, health ------------------------------------------------------------- */

static void handle_delete(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];

	if (!take_id(handlers, id) ||
	    !stored_well(handlers, store_delete(handlers->store, id, handlers->tenant)))
		return;
	buf_clear(&handlers->object);
	buf_printf(
	    &handlers->object, "{\"id\":\"%s\",\"object\":\"response\",\"deleted\":true}", id);
	send_json(handlers, buf_span(&handlers->object));
}

static void send_items(struct handlers *handlers, const char *id, const struct items_query *query)
{
	struct api_error error;
	struct span input;

	if (!stored_well(handlers, store_input(handlers->store, id, handlers->tenant, &input)))
		return;
	buf_clear(&handlers->object);
	if (input_items_list(&handlers->object, id, input, query, &error))
		send_json(handlers, buf_span(&handlers->object));
	else
		send_error(handlers, &error);
}

static void handle_input_items(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];
	struct items_query query;
	struct api_error error;

	if (!take_id(handlers, id))
		return;
	if (!items_query_parse(&query, handlers->request.query, &error)) {
		send_error(handlers, &error);
		return;
	}
	send_items(handlers, id, &query);
	items_query_free(&query);
}

static void handle_liveness(struct handlers *handlers)
{
	send_json(handlers, SPAN("{\"status\":\"alive\"}"));
}

static void handle_readiness(struct handlers *handlers)
{
	struct api_error error;

	if (handlers->store == NULL) {
		api_error_set(&error, 503, "server_error", NULL, "store_unavailable",
		    "No Redis is configured.");
		send_error(handlers, &error);
	} else if (stored_well(handlers, store_ping(handlers->store))) {
		send_json(handlers, SPAN("{\"status\":\"ready\"}"));
	}
}

/* ---- routes ---------------------------------------------------------------------------------- */

static const struct {
	enum route_kind kind;
	unsigned methods;
	void (*handle)(struct handlers *handlers);
	bool open; /* needs no key */
} routes[] = {
    {ROUTE_RESPONSES, METHOD_POST, handle_create, false},
    {ROUTE_RESPONSE, METHOD_GET | METHOD_HEAD, handle_poll, false},
    {ROUTE_RESPONSE, METHOD_DELETE, handle_delete, false},
    {ROUTE_CANCEL, METHOD_POST, handle_cancel, false},
    {ROUTE_INPUT_ITEMS, METHOD_GET | METHOD_HEAD, handle_input_items, false},
    {ROUTE_LIVENESS, METHOD_GET | METHOD_HEAD, handle_liveness, true},
    {ROUTE_READINESS, METHOD_GET | METHOD_HEAD, handle_readiness, true},
};
enum { ROUTE_COUNT = sizeof(routes) / sizeof(routes[0]) };

static bool needs_key(enum route_kind kind)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].kind == kind)
			return !routes[i].open;
	}
	return false;
}

static void unknown_path(struct handlers *handlers)
{
	const struct http_request *request = &handlers->request;
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", NULL, "unknown_url",
	    "Unknown request URL: %.16s %.256s.", request->method_name, request->path);
	send_error(handlers, &error);
}

static void wrong_method(struct handlers *handlers, unsigned allowed)
{
	struct api_error error;
	char list[64] = "";

	if (allowed & METHOD_GET)
		strcat(list, ", GET, HEAD");
	if (allowed & METHOD_POST)
		strcat(list, ", POST");
	if (allowed & METHOD_DELETE)
		strcat(list, ", DELETE");
	reply_header(&handlers->reply, "Allow", list + 2);
	api_error_set(&error, 405, "invalid_request_error", NULL, "method_not_allowed",
	    "The method %.16s is not allowed for this URL, expected one of: %s.",
	    handlers->request.method_name, list + 2);
	send_error(handlers, &error);
}

static void dispatch(struct handlers *handlers)
{
	unsigned allowed = 0;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].kind != handlers->request.route.kind)
			continue;
		if (routes[i].methods & handlers->request.method) {
			routes[i].handle(handlers);
			return;
		}
		allowed |= routes[i].methods;
	}
	if (allowed != 0)
		wrong_method(handlers, allowed);
	else
		unknown_path(handlers);
}

static void release_large(struct buf *buf)
{
	if (buf->cap > KEPT_BUFFER)
		buf_free(buf);
}

void handlers_open(struct handlers *handlers, const struct config *config)
{
	*handlers = (struct handlers){.config = config};
	if (config->redis.enabled)
		handlers->store = store_open(&config->redis);
	reply_init(&handlers->reply);
}

void handlers_close(struct handlers *handlers)
{
	if (handlers->store != NULL)
		store_close(handlers->store);
	reply_free(&handlers->reply);
	buf_free(&handlers->path);
	buf_free(&handlers->body);
	buf_free(&handlers->object);
}

void handlers_answer(struct handlers *handlers, FCGX_Request *fcgi)
{
	struct http_request *request = &handlers->request;
	struct api_error error;

	request_read(request, fcgi, &handlers->path);
	reply_begin(
	    &handlers->reply, fcgi->out, request->method == METHOD_HEAD, request->request_id);
	handlers->tenant = "";
	if (needs_key(request->route.kind))
		handlers->tenant = auth_tenant(handlers->config, request, &error);
	if (handlers->tenant != NULL)
		dispatch(handlers);
	else
		send_error(handlers, &error);
	release_large(&handlers->body);
	release_large(&handlers->object);
}
