/*
 * A receiver of webhooks, on a loopback port that it chooses: the first line it prints is that.
 * Then comes a line for each that has arrived: the response's id, and when, in microseconds of UNIX
 * time. What is sent to /hang is never answered.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Noreturn void die(const char *why)
{
	fprintf(stderr, "receiver: %s\n", why);
	exit(1);
}

static long long now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* What tells it from any other POST. */
static void check_headers(struct evhttp_request *request)
{
	static const char *const names[] = {"webhook-id", "webhook-timestamp", "webhook-signature"};
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (evhttp_find_header(headers, names[i]) == NULL)
			die(names[i]);
	}
}

static void print_arrival(struct evhttp_request *request)
{
	static const char data[] = "\"data\":{\"id\":\"";
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	long long came = now_us();
	const char *body, *id;

	evbuffer_add(input, "", 1);
	body = (const char *)evbuffer_pullup(input, -1);
	id = strstr(body, data);
	if (id == NULL)
		die("a body without an id");
	id += sizeof(data) - 1;
	printf("%.*s %lld\n", (int)strcspn(id, "\""), id, came);
}

static void on_hook(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	check_headers(request);
	print_arrival(request);
	evhttp_send_reply(request, 200, NULL, NULL);
}

static void on_hang(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	evhttp_request_own(request);
}

static int port_of(struct evhttp_bound_socket *bound)
{
	struct sockaddr_in address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &len) != 0)
		die("no port");
	return ntohs(address.sin_port);
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = base != NULL ? evhttp_new(base) : NULL;
	struct evhttp_bound_socket *bound;

	if (http == NULL)
		die("out of memory");
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (bound == NULL)
		die("cannot listen");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%d\n", port_of(bound));
	evhttp_set_cb(http, "/hook", on_hook, NULL);
	evhttp_set_cb(http, "/hang", on_hang, NULL);
	event_base_dispatch(base);
	evhttp_free(http);
	event_base_free(base);
	return 0;
}
