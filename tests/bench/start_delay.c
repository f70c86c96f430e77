/*
 * How long after a create's answer does the provider hear of it? This program is the client and the
 * provider: it creates one response after the other, and takes the time from the answer's last byte
 * to the moment when respoold's connection is there. With -c the provider does not answer; the
 * client cancels, and what counts is the time from that request until the connection is closed.
 *
 * Prints the delays in microseconds, a line each; one is 0 if the connection came first.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "created.h"

enum { PAUSE_US = 5000, PATIENCE_S = 10, BACKLOG = 64, URL_MAX = 512 };

static const char stream[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    "event: response.completed\n"
    "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";

/* The provider's thread writes to the pipe when each connection came, or came and went. */
struct provider {
	int listener;
	int pipe[2];
	bool keeps; /* each connection, until the other side closes it */
};

struct client {
	CURL *easy;
	const char *url;
	struct created answer;
};

static long long now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static _Noreturn void die(const char *why)
{
	fprintf(stderr, "start_delay: %s\n", why);
	exit(1);
}

static size_t header_size(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n");

	return end != NULL ? (size_t)(end - request) + 4 : 0;
}

static size_t content_length(const char *request)
{
	const char *length = strcasestr(request, "\r\ncontent-length:");

	return length != NULL ? strtoul(length + sizeof("\r\ncontent-length:") - 1, NULL, 10) : 0;
}

/* Unread bytes would make close() reset the connection. */
static void read_request(int fd)
{
	static char request[65536];
	size_t len = 0, head;
	ssize_t got;

	do {
		got = read(fd, request + len, sizeof(request) - 1 - len);
		if (got <= 0)
			return;
		len += (size_t)got;
		request[len] = '\0';
		head = header_size(request);
	} while (head == 0 || len < head + content_length(request));
}

static void tell(const struct provider *provider, long long when)
{
	if (write(provider->pipe[1], &when, sizeof(when)) != sizeof(when))
		die("the provider cannot go on");
}

static void await_close(int fd)
{
	char byte;

	while (read(fd, &byte, sizeof(byte)) > 0)
		continue;
}

static void *provide(void *ctx)
{
	struct provider *provider = ctx;
	int fd;

	for (;;) {
		fd = accept(provider->listener, NULL, NULL);
		if (fd < 0)
			die("no connection can be accepted");
		tell(provider, now_us());
		read_request(fd);
		if (provider->keeps) {
			await_close(fd);
			tell(provider, now_us());
		} else if (write(fd, stream, sizeof(stream) - 1) < 0) {
			fprintf(stderr, "start_delay: a stream was not taken\n");
		}
		close(fd);
	}
	return NULL;
}

static void start_provider(struct provider *provider, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval patience = {PATIENCE_S, 0};
	pthread_t thread;
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	provider->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(provider->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(provider->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(provider->listener, BACKLOG) != 0)
		die("cannot listen");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, provider->pipe) != 0)
		die("no pipe");
	setsockopt(provider->pipe[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (pthread_create(&thread, NULL, provide, provider) != 0)
		die("no thread");
}

static void open_client(struct client *client, const char *url, const char *key)
{
	struct curl_slist *headers = NULL;
	CURL *easy = curl_easy_init();
	char line[256];

	client->easy = easy;
	client->url = url;
	snprintf(line, sizeof(line), "Authorization: Bearer %s", key);
	headers = curl_slist_append(headers, line);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, created_take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &client->answer);
}

/* Returns when it was answered. */
static long long post(struct client *client, const char *url, const char *body)
{
	client->answer.len = 0;
	curl_easy_setopt(client->easy, CURLOPT_URL, url);
	curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, body);
	if (curl_easy_perform(client->easy) != CURLE_OK)
		die("a request failed");
	return now_us();
}

static void cancel(struct client *client)
{
	struct span id = created_id(&client->answer);
	char url[URL_MAX];

	if (id.len == 0)
		die("an answer without an id");
	snprintf(url, sizeof(url), "%s/%.*s/cancel", client->url, (int)id.len, id.p);
	post(client, url, "");
}

static long long await(const struct provider *provider, const char *why)
{
	long long when;

	if (read(provider->pipe[0], &when, sizeof(when)) != sizeof(when))
		die(why);
	return when;
}

static long long measure(struct client *client, const struct provider *provider)
{
	long long from = post(client, client->url, create_body);
	long long seen = await(provider, "no connection to the provider");

	if (provider->keeps) {
		from = now_us();
		cancel(client);
		seen = await(provider, "the provider's connection stays");
	}
	return seen > from ? seen - from : 0;
}

int main(int argc, char **argv)
{
	bool cancels = argc == 6 && strcmp(argv[1], "-c") == 0;
	char **args = cancels ? argv + 2 : argv + 1;
	int count = cancels || argc == 5 ? atoi(args[3]) : 0, i;
	struct provider provider = {.keeps = cancels};
	static struct client client;

	if (count < 1) {
		fprintf(stderr, "usage: start_delay [-c] URL KEY PROVIDER_PORT COUNT\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	start_provider(&provider, atoi(args[2]));
	open_client(&client, args[0], args[1]);
	for (i = 0; i < count; i++) {
		printf("%lld\n", measure(&client, &provider));
		usleep(PAUSE_US);
	}
	return 0;
}
