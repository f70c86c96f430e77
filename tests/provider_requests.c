#include "provider.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/response/api_error.h"

enum {
	MAX_REQUEST = 64 << 20,
	MAX_HEADERS = 64 << 10,
	BACKLOG = 4096,
};

static void send_json(struct evhttp_request *request, int status, const struct buf *json)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();

	if (body == NULL || evbuffer_add(body, json->data, json->len) != 0)
		fatalx("out of memory");
	evhttp_add_header(headers, "content-type", "application/json");
	evhttp_send_reply(request, status, NULL, body);
	evbuffer_free(body);
}

static void send_error(struct evhttp_request *request, const struct api_error *error)
{
	struct buf json = {0};

	api_error_json(&json, error);
	send_json(request, error->status, &json);
	buf_free(&json);
}

static bool check_request(struct span body, struct api_error *error)
{
	const char *problem;
	size_t offset;

	if (!json_check(body, 0, &problem, &offset))
		return api_error_set(error, 400, "invalid_request_error", NULL, NULL,
		    "The body is not JSON: %s at byte %zu.", problem, offset);
	if (json_type(json_get(body, "model")) != JSON_STRING)
		return api_error_set(
		    error, 400, "invalid_request_error", "model", NULL, "model must be a string.");
	return true;
}

static void send_response(struct provider *provider, struct evhttp_request *request,
    struct span body, enum provider_api api)
{
	struct answer answer;
	struct told told;
	struct buf json = {0};

	answer_init(&answer, provider, body, api);
	told = answer_told(&answer);
	if (api == API_RESPONSES)
		answer_append_object(&json, &answer, true);
	else
		tell_whole(&json, api, &told, answer.text);
	send_json(request, 200, &json);
	buf_free(&json);
	answer_free(&answer);
}

static void create(struct evhttp_request *request, struct provider *provider, enum provider_api api)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	struct api_error error;
	struct span body;

	if (evhttp_request_get_command(request) != EVHTTP_REQ_POST) {
		api_error_set(
		    &error, 404, "invalid_request_error", NULL, NULL, "This path takes POST only.");
		send_error(request, &error);
		return;
	}
	body.len = evbuffer_get_length(input);
	body.p = body.len > 0 ? (const char *)evbuffer_pullup(input, -1) : "";
	if (!check_request(body, &error))
		send_error(request, &error);
	else if (json_type(json_get(body, "stream")) == JSON_TRUE)
		stream_start(provider, request, body, api);
	else
		send_response(provider, request, body, api);
}

static void on_create(struct evhttp_request *request, void *ctx)
{
	create(request, ctx, API_RESPONSES);
}

static void on_chat(struct evhttp_request *request, void *ctx)
{
	create(request, ctx, API_CHAT);
}

static void on_messages(struct evhttp_request *request, void *ctx)
{
	create(request, ctx, API_MESSAGES);
}

static void on_stats(struct evhttp_request *request, void *ctx)
{
	const struct stats *stats = &((struct provider *)ctx)->stats;
	struct buf json = {0};

	buf_printf(&json, "{\"started\":%lu,\"finished\":%lu,\"closed_early\":%lu,\"open\":%lu,",
	    stats->started, stats->finished, stats->closed_early, stats_open(stats));
	buf_printf(&json,
	    "\"deltas\":%lu,\"first_start_us\":%lld,\"last_start_us\":%lld,\"latest_us\":%lld}\n",
	    stats->deltas, stats->first_start, stats->last_start, stats->latest);
	send_json(request, 200, &json);
	buf_free(&json);
}

static void on_other(struct evhttp_request *request, void *ctx)
{
	struct api_error error;

	(void)ctx;
	api_error_set(&error, 404, "invalid_request_error", NULL, NULL,
	    "Unknown path; there are POST /v1/responses, /v1/chat/completions and /v1/messages, "
	    "and GET /stats.");
	send_error(request, &error);
}

/* A socket that hands on deltas at once: what it accepts inherits TCP_NODELAY. */
static struct evconnlistener *listen_on(struct event_base *base, struct sockaddr_in *address)
{
	struct sockaddr *any = (struct sockaddr *)address;
	socklen_t len = sizeof(*address);
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	struct evconnlistener *listener;
	int fd, on = 1;

	listener = evconnlistener_new_bind(base, NULL, NULL, flags, BACKLOG, any, (int)len);
	if (listener == NULL)
		fatal("cannot listen on 127.0.0.1:%d", ntohs(address->sin_port));
	fd = evconnlistener_get_fd(listener);
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		log_warn("cannot set TCP_NODELAY");
	if (getsockname(fd, any, &len) != 0)
		fatal("getsockname");
	return listener;
}

struct evhttp *requests_serve(struct provider *provider)
{
	ev_uint16_t methods = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
			      EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH;
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct evhttp *http = evhttp_new(provider->base);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)provider->options.port);
	if (http == NULL || evhttp_bind_listener(http, listen_on(provider->base, &address)) == NULL)
		fatalx("cannot serve HTTP");
	evhttp_set_allowed_methods(http, methods);
	evhttp_set_max_body_size(http, MAX_REQUEST);
	evhttp_set_max_headers_size(http, MAX_HEADERS);
	evhttp_set_cb(http, "/v1/responses", on_create, provider);
	evhttp_set_cb(http, "/v1/chat/completions", on_chat, provider);
	evhttp_set_cb(http, "/v1/messages", on_messages, provider);
	evhttp_set_cb(http, "/stats", on_stats, provider);
	evhttp_set_gencb(http, on_other, NULL);
	printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return http;
}
