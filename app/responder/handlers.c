#include "handlers.h"

#include <string.h>

#include <xxhash.h>

#include "common/response/response.h"
#include "answers.h"
#include "auth.h"
#include "create.h"
#include "foreign.h"
#include "input_items.h"
#include "passthrough.h"

enum {
	ETAG_SIZE = 1 + 16 + 1 + 1,
	KEPT_BUFFER = 1048576, /* bytes that a buffer may keep for the next request */
	REPLACE_TRIES = 5,
};

/*
 * Copies the id to out if there may be a response of that id here. Otherwise answers, or has a
 * provider answer, and returns false.
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
	if (handlers->passthrough != NULL)
		passthrough_by_id(handlers);
	else
		answer_not_found(handlers);
	return false;
}

/* ---- poll ------------------------------------------------------------------------------------ */

static void make_etag(char out[ETAG_SIZE], struct span of)
{
	static const char digits[] = "0123456789abcdef";
	XXH64_hash_t hash = XXH3_64bits(of.p, of.len);

	out[0] = '"';
	for (int i = 16; i > 0; i--, hash >>= 4)
		out[i] = digits[hash & 0xf];
	out[17] = '"';
	out[18] = '\0';
}

/* What a client may keep of the answer, and when to ask again. */
static void add_poll_headers(struct handlers *handlers, const char *etag, bool terminal)
{
	reply_header(&handlers->reply, "ETag", etag);
	reply_let_keep(&handlers->reply);
	if (!terminal)
		answer_poll_after(handlers);
}

/*
 * Answers 304 if the client has the object already. That takes a look at the job alone, however
 * large the object is. Returns false if nothing is answered.
 */
static bool answer_unchanged(struct handlers *handlers, const char *id)
{
	const char *known = handlers->request.if_none_match;
	struct stored_version version;
	char etag[ETAG_SIZE];

	if (known == NULL)
		return false;
	switch (store_version(handlers->store, id, handlers->tenant, &version)) {
	case STORE_OK:
		break;
	case STORE_UNAVAILABLE:
		answer_unavailable(handlers);
		return true;
	default:
		return false;
	}
	make_etag(etag, span_of(version.text));
	if (!reply_etag_matches(known, etag))
		return false;
	add_poll_headers(handlers, etag, version.terminal);
	reply_not_modified(&handlers->reply);
	return true;
}

static void send_foreign(struct handlers *handlers, struct span stored)
{
	enum response_status status;
	char etag[ETAG_SIZE];

	if (!foreign_read(&handlers->object, &status, stored)) {
		answer_not_found(handlers);
		return;
	}
	make_etag(etag, buf_span(&handlers->object));
	add_poll_headers(handlers, etag, status != STATUS_QUEUED && status != STATUS_IN_PROGRESS);
	if (reply_etag_matches(handlers->request.if_none_match, etag))
		reply_not_modified(&handlers->reply);
	else
		reply_json(&handlers->reply, 200, buf_span(&handlers->object));
}

static void answer_poll(struct handlers *handlers, const char *id)
{
	struct stored_response stored;
	struct stored_version version;
	char etag[ETAG_SIZE];

	if (!answer_stored(
		handlers, store_poll(handlers->store, id, handlers->tenant, &stored, &version)))
		return;
	if (stored.foreign) {
		send_foreign(handlers, stored.object);
		return;
	}
	make_etag(etag, span_of(version.text));
	add_poll_headers(handlers, etag, version.terminal);
	reply_json(&handlers->reply, 200, stored.object);
}

static void no_stream(struct handlers *handlers)
{
	struct api_error error;

	api_error_set(&error, 400, "invalid_request_error", "stream", "unsupported_parameter",
	    "A background response is polled here and cannot be streamed: leave 'stream' out.");
	answer_error(handlers, &error);
}

static void handle_poll(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];

	if (!take_id(handlers, id))
		return;
	if (request_query_has(&handlers->request, "stream=true"))
		no_stream(handlers);
	else if (!answer_unchanged(handlers, id))
		answer_poll(handlers, id);
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

	if (take_id(handlers, id) &&
	    answer_stored(handlers, cancel_response(handlers, id, &object)))
		answer_json(handlers, object);
}

/* ---- delete, input items, health ------------------------------------------------------------- */

static void handle_delete(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];

	if (!take_id(handlers, id) ||
	    !answer_stored(handlers, store_delete(handlers->store, id, handlers->tenant)))
		return;
	buf_clear(&handlers->object);
	buf_printf(
	    &handlers->object, "{\"id\":\"%s\",\"object\":\"response\",\"deleted\":true}", id);
	answer_json(handlers, buf_span(&handlers->object));
}

static void send_items(struct handlers *handlers, const char *id, const struct items_query *query)
{
	struct api_error error;
	struct span input;

	if (!answer_stored(handlers, store_input(handlers->store, id, handlers->tenant, &input)))
		return;
	buf_clear(&handlers->object);
	if (input_items_list(&handlers->object, id, input, query, &error))
		answer_json(handlers, buf_span(&handlers->object));
	else
		answer_error(handlers, &error);
}

static void handle_input_items(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];
	struct items_query query;
	struct api_error error;

	if (!take_id(handlers, id))
		return;
	if (!items_query_parse(&query, handlers->request.query, &error)) {
		answer_error(handlers, &error);
		return;
	}
	send_items(handlers, id, &query);
	items_query_free(&query);
}

static void handle_liveness(struct handlers *handlers)
{
	answer_json(handlers, SPAN("{\"status\":\"alive\"}"));
}

static void handle_readiness(struct handlers *handlers)
{
	struct api_error error;

	if (handlers->store == NULL) {
		api_error_set(&error, 503, "server_error", NULL, "store_unavailable",
		    "No Redis is configured.");
		answer_error(handlers, &error);
	} else if (answer_stored(handlers, store_ping(handlers->store))) {
		answer_json(handlers, SPAN("{\"status\":\"ready\"}"));
	}
}

/* ---- routes ---------------------------------------------------------------------------------- */

static const struct {
	enum route_kind kind;
	unsigned methods;
	void (*handle)(struct handlers *handlers);
	bool open; /* needs no key */
} routes[] = {
    {ROUTE_RESPONSES, METHOD_POST, create_handle, false},
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
	answer_error(handlers, &error);
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
	answer_error(handlers, &error);
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

void handlers_open(
    struct handlers *handlers, const struct config *config, const struct responder_setup *setup)
{
	*handlers = (struct handlers){.config = config};
	if (config->redis.enabled)
		handlers->store = store_open(&config->redis);
	if (config->max_passthrough != 0)
		handlers->passthrough = passthrough_open(setup->relays);
	reply_init(&handlers->reply);
}

void handlers_close(struct handlers *handlers)
{
	passthrough_close(handlers->passthrough);
	if (handlers->store != NULL)
		store_close(handlers->store);
	reply_free(&handlers->reply);
	buf_free(&handlers->path);
	buf_free(&handlers->body);
	buf_free(&handlers->object);
}

void handlers_answer(struct handlers *handlers, struct fcgi_request *fcgi)
{
	struct http_request *request = &handlers->request;
	struct api_error error;

	handlers->fcgi = fcgi;
	request_read(request, fcgi, &handlers->path);
	reply_begin(&handlers->reply, fcgi, request->method == METHOD_HEAD, request->request_id);
	handlers->tenant = "";
	if (needs_key(request->route.kind))
		handlers->tenant = auth_tenant(handlers->config, request, &error);
	if (handlers->tenant != NULL)
		dispatch(handlers);
	else
		answer_error(handlers, &error);
	release_large(&handlers->body);
	release_large(&handlers->object);
}
