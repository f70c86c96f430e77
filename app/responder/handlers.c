#include "handlers.h"

#include "admin_list.h"
#include "admin_pause.h"
#include "admin_response.h"
#include "admin_retry.h"
#include "admin_status.h"
#include "admin_usage.h"
#include "admin_webhooks.h"
#include "admin_workers.h"
#include "answers.h"
#include "auth.h"
#include "cancel.h"
#include "compact.h"
#include "conversations.h"
#include "create.h"
#include "delete.h"
#include "list_items.h"
#include "models.h"
#include "page.h"
#include "passthrough.h"
#include "poll.h"
#include "probes.h"
#include "scrape.h"
#include "untranslated.h"

enum { KEPT_BUFFER = 1048576 }; /* bytes that a buffer may keep for the next request */

#define READ (METHOD_GET | METHOD_HEAD)

/* Whose key it takes to be answered. */
enum access {
	ACCESS_TENANT,
	ACCESS_ADMIN,
	ACCESS_SCRAPE, /* an administrator's, unless the configuration lets anybody */
	ACCESS_ANYBODY,
};

struct handler {
	enum route_kind kind;
	unsigned methods;
	void (*handle)(struct handlers *handlers);
	enum access access;
};

/* Of a kind the first one counts for what the others do not have. */
static const struct handler routes[] = {
    {ROUTE_RESPONSES, METHOD_POST, create_handle, ACCESS_TENANT},
    {ROUTE_INPUT_TOKENS, METHOD_POST, input_tokens_handle, ACCESS_TENANT},
    {ROUTE_COMPACT, METHOD_POST, compact_handle, ACCESS_TENANT},
    {ROUTE_RESPONSE, READ, poll_handle, ACCESS_TENANT},
    {ROUTE_RESPONSE, METHOD_DELETE, delete_handle, ACCESS_TENANT},
    {ROUTE_CANCEL, METHOD_POST, cancel_handle, ACCESS_TENANT},
    {ROUTE_INPUT_ITEMS, READ, list_items_handle, ACCESS_TENANT},
    {ROUTE_CHAT, METHOD_POST, chat_handle, ACCESS_TENANT},
    {ROUTE_EMBEDDINGS, METHOD_POST, embeddings_handle, ACCESS_TENANT},
    {ROUTE_MODELS, READ, models_list_handle, ACCESS_TENANT},
    {ROUTE_MODEL, READ, models_one_handle, ACCESS_TENANT},
    {ROUTE_CONVERSATIONS, READ | METHOD_POST | METHOD_DELETE, conversations_handle, ACCESS_TENANT},
    {ROUTE_LIVENESS, READ, probe_liveness, ACCESS_ANYBODY},
    {ROUTE_READINESS, READ, probe_readiness, ACCESS_ANYBODY},
    {ROUTE_METRICS, READ, scrape_handle, ACCESS_SCRAPE},
    {ROUTE_PAGE, READ, page_handle, ACCESS_ANYBODY},
    {ROUTE_PAGE_MOVED, READ, page_moved_handle, ACCESS_ANYBODY},
    {ROUTE_ADMIN_STATUS, READ, admin_status_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_USAGE, READ, admin_usage_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_WORKERS, READ, admin_workers_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_DRAIN, METHOD_POST, admin_drain_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_PAUSE, METHOD_POST, admin_pause_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_RESUME, METHOD_POST, admin_resume_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_RESPONSES, READ, admin_list_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_RESPONSES, METHOD_POST, create_handle, ACCESS_TENANT},
    {ROUTE_ADMIN_RESPONSE, READ, admin_poll_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_RESPONSE, METHOD_DELETE, delete_handle, ACCESS_TENANT},
    {ROUTE_ADMIN_DETAILS, READ, admin_details_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_CANCEL, METHOD_POST, admin_cancel_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_RETRY, METHOD_POST, admin_retry_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_WEBHOOKS, READ, admin_webhooks_handle, ACCESS_ADMIN},
    {ROUTE_ADMIN_REDELIVER, METHOD_POST, admin_webhooks_retry_handle, ACCESS_ADMIN},
};
enum { ROUTE_COUNT = sizeof(routes) / sizeof(routes[0]) };

/* The one that answers to any of these methods; NULL if there is none. */
static const struct handler *find_handler(enum route_kind kind, unsigned methods)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].kind == kind && (routes[i].methods & methods) != 0)
			return &routes[i];
	}
	return NULL;
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

/* Without what a route has for those who ask for another one by the same path. */
static unsigned listed_methods(enum route_kind kind)
{
	const struct handler *first = find_handler(kind, ~0U);
	unsigned methods = 0;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].kind == kind && routes[i].access == first->access)
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
		buf_puts(out, i > 0 ? ", " : "");
		write_methods(out, listed_methods(kind) & ~(unsigned)METHOD_HEAD, "|");
		buf_printf(out, " %s", pattern);
	}
}

static void unknown_path(struct handlers *handlers)
{
	const struct http_request *request = &handlers->request;
	const struct api_error error = {
	    .status = 404, .type = "invalid_request_error", .code = "unknown_url"};
	struct buf message = {0};

	buf_printf(&message,
	    "Unknown request URL: %.16s %.256s. Served are: ", request->method_name, request->path);
	write_routes(&message);
	buf_putc(&message, '.');
	reply_error_as(&handlers->reply, &error, buf_cstr(&message));
	buf_free(&message);
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

static bool may_ask_as_tenant(struct handlers *handlers, struct api_error *error)
{
	const struct access_key *key = auth_tenant(handlers->config, &handlers->request, error);

	if (key == NULL)
		return false;
	handlers->key = key;
	if (key->name != NULL)
		handlers->tenant = key->name;
	return true;
}

/* Finds out who asks. False if that one may not; then *error says why. */
static bool may_ask(struct handlers *handlers, enum access access, struct api_error *error)
{
	const struct config *config = handlers->config;

	if (access == ACCESS_TENANT)
		return may_ask_as_tenant(handlers, error);
	if (access == ACCESS_ANYBODY || (access == ACCESS_SCRAPE && config->open_metrics))
		return true;
	handlers->admin = auth_admin(config, &handlers->request, error);
	return handlers->admin != NULL;
}

/* What is not served there is told to those alone who might be served. */
static void dispatch(struct handlers *handlers)
{
	const struct http_request *request = &handlers->request;
	const enum route_kind kind = request->route.kind;
	const struct handler *handler = find_handler(kind, request->method);
	const struct handler *asked = handler != NULL ? handler : find_handler(kind, ~0U);
	struct api_error error;

	handlers->tenant = "";
	handlers->key = &handlers->config->tenant_defaults;
	handlers->admin = NULL;
	if (asked == NULL)
		unknown_path(handlers);
	else if (!may_ask(handlers, asked->access, &error))
		answer_error(handlers, &error);
	else if (handler != NULL)
		handler->handle(handlers);
	else
		wrong_method(handlers, allowed_methods(kind));
}

void handlers_open(
    struct handlers *handlers, const struct config *config, const struct responder_setup *setup)
{
	*handlers = (struct handlers){
	    .config = config, .relays = setup->relays, .activity = setup->activity};
	if (config->redis.enabled) {
		handlers->store = store_open(&config->redis);
		store_use_webhooks(handlers->store, &config->webhooks);
	}
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

	handlers->fcgi = fcgi;
	litellm_mark_free(&handlers->mark);
	request_read(request, fcgi, &handlers->path);
	activity_begin(handlers->activity, request->route.kind);
	reply_begin(&handlers->reply, fcgi, request->method == METHOD_HEAD, request->request_id);
	dispatch(handlers);
	buf_recycle(&handlers->body, KEPT_BUFFER);
	buf_recycle(&handlers->object, KEPT_BUFFER);
	activity_end(handlers->activity, redis_state(handlers));
}
