#include "handlers.h"

#include <string.h>

#include "answers.h"
#include "auth.h"
#include "cancel.h"
#include "create.h"
#include "delete.h"
#include "list_items.h"
#include "passthrough.h"
#include "poll.h"
#include "probes.h"

enum { KEPT_BUFFER = 1048576 }; /* bytes that a buffer may keep for the next request */

static const struct {
	enum route_kind kind;
	unsigned methods;
	void (*handle)(struct handlers *handlers);
	bool open; /* needs no key */
} routes[] = {
    {ROUTE_RESPONSES, METHOD_POST, create_handle, false},
    {ROUTE_RESPONSE, METHOD_GET | METHOD_HEAD, poll_handle, false},
    {ROUTE_RESPONSE, METHOD_DELETE, delete_handle, false},
    {ROUTE_CANCEL, METHOD_POST, cancel_handle, false},
    {ROUTE_INPUT_ITEMS, METHOD_GET | METHOD_HEAD, list_items_handle, false},
    {ROUTE_LIVENESS, METHOD_GET | METHOD_HEAD, probe_liveness, true},
    {ROUTE_READINESS, METHOD_GET | METHOD_HEAD, probe_readiness, true},
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
	*handlers = (struct handlers){.config = config, .relays = setup->relays};
	if (config->redis.enabled)
		handlers->store = store_open(&config->redis);
	if (config->max_passthrough != 0)
		handlers->passthrough = passthrough_open();
	reply_init(&handlers->reply);
}

void handlers_close(struct handlers *handlers)
{
	passthrough_close(handlers->passthrough);
	if (handlers->store != NULL)
		store_close(handlers->store);
	reply_free(&handlers->reply);
	litellm_mark_free(&handlers->mark);
	buf_free(&handlers->path);
	buf_free(&handlers->body);
	buf_free(&handlers->object);
}

void handlers_answer(struct handlers *handlers, struct fcgi_request *fcgi)
{
	struct http_request *request = &handlers->request;
	struct api_error error;

	handlers->fcgi = fcgi;
	litellm_mark_free(&handlers->mark);
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
