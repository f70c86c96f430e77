#include "handlers.h"

#include "answers.h"
#include "auth.h"
#include "cancel.h"
#include "compact.h"
#include "conversations.h"
#include "create.h"
#include "delete.h"
#include "list_items.h"
#include "models.h"
#include "passthrough.h"
#include "poll.h"
#include "probes.h"
#include "untranslated.h"

enum { KEPT_BUFFER = 1048576 }; /* bytes that a buffer may keep for the next request */

static const struct {
	enum route_kind kind;
	unsigned methods;
	void (*handle)(struct handlers *handlers);
	bool open; /* needs no key */
} routes[] = {
    {ROUTE_RESPONSES, METHOD_POST, create_handle, false},
    {ROUTE_INPUT_TOKENS, METHOD_POST, input_tokens_handle, false},
    {ROUTE_COMPACT, METHOD_POST, compact_handle, false},
    {ROUTE_RESPONSE, METHOD_GET | METHOD_HEAD, poll_handle, false},
    {ROUTE_RESPONSE, METHOD_DELETE, delete_handle, false},
    {ROUTE_CANCEL, METHOD_POST, cancel_handle, false},
    {ROUTE_INPUT_ITEMS, METHOD_GET | METHOD_HEAD, list_items_handle, false},
    {ROUTE_CHAT, METHOD_POST, chat_handle, false},
    {ROUTE_EMBEDDINGS, METHOD_POST, embeddings_handle, false},
    {ROUTE_MODELS, METHOD_GET | METHOD_HEAD, models_list_handle, false},
    {ROUTE_MODEL, METHOD_GET | METHOD_HEAD, models_one_handle, false},
    {ROUTE_CONVERSATIONS, METHOD_GET | METHOD_HEAD | METHOD_POST | METHOD_DELETE,
	conversations_handle, false},
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

static unsigned allowed_methods(enum route_kind kind)
{
	unsigned methods = 0;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].kind == kind)
			methods |= routes[i].methods;
	}
	return methods;
}

/* Appends their names. */
static void write_methods(struct buf *out, unsigned methods, const char *separator)
{
	static const struct {
		unsigned method;
		const char *name;
	} names[] = {{METHOD_GET, "GET"}, {METHOD_HEAD, "HEAD"}, {METHOD_POST, "POST"},
	    {METHOD_DELETE, "DELETE"}};
	const char *before = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((methods & names[i].method) == 0)
			continue;
		buf_printf(out, "%s%s", before, names[i].name);
		before = separator;
	}
}

/*
 * Appends what is served, as "POST responses, GET|DELETE responses/{id}". What answers to GET
 * answers to HEAD as well.
 */
static void write_routes(struct buf *out)
{
	enum route_kind kind;
	const char *pattern;

	for (size_t i = 0; (pattern = route_pattern(i, &kind)) != NULL; i++) {
		if (i > 0)
			buf_puts(out, ", ");
		write_methods(out, allowed_methods(kind) & ~(unsigned)METHOD_HEAD, "|");
		buf_printf(out, " %s", pattern);
	}
}

static void unknown_path(struct handlers *handlers)
{
	const struct http_request *request = &handlers->request;
	struct api_error error;
	struct buf served = {0};

	write_routes(&served);
	api_error_set(&error, 404, "invalid_request_error", NULL, "unknown_url",
	    "Unknown request URL: %.16s %.256s. Served are: %s.", request->method_name,
	    request->path, buf_cstr(&served));
	answer_error(handlers, &error);
	buf_free(&served);
}

static void wrong_method(struct handlers *handlers, unsigned allowed)
{
	struct api_error error;
	struct buf list = {0};

	write_methods(&list, allowed, ", ");
	reply_header(&handlers->reply, "Allow", buf_cstr(&list));
	api_error_set(&error, 405, "invalid_request_error", NULL, "method_not_allowed",
	    "The method %.16s is not allowed for this URL, expected one of: %s.",
	    handlers->request.method_name, buf_cstr(&list));
	answer_error(handlers, &error);
	buf_free(&list);
}

static void dispatch(struct handlers *handlers)
{
	const struct http_request *request = &handlers->request;
	unsigned allowed = allowed_methods(request->route.kind);

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].kind == request->route.kind &&
		    (routes[i].methods & request->method) != 0) {
			routes[i].handle(handlers);
			return;
		}
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
	*handlers = (struct handlers){
	    .config = config, .relays = setup->relays, .activity = setup->activity};
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

static enum activity_redis redis_state(const struct handlers *handlers)
{
	if (handlers->store == NULL)
		return ACTIVITY_REDIS_NONE;
	return store_is_connected(handlers->store) ? ACTIVITY_REDIS_UP : ACTIVITY_REDIS_DOWN;
}

void handlers_answer(struct handlers *handlers, struct fcgi_request *fcgi)
{
	struct http_request *request = &handlers->request;
	struct api_error error;

	handlers->fcgi = fcgi;
	litellm_mark_free(&handlers->mark);
	request_read(request, fcgi, &handlers->path);
	activity_begin(handlers->activity, request->route.kind);
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
	activity_end(handlers->activity, redis_state(handlers));
}
