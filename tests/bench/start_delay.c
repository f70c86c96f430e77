/*
 * How long after a create's answer does the provider hear of it? This program is the client and the
 * provider: it creates one response after the other, and takes the time from the answer's last byte
 * to the moment when respoold's connection is there.
 *
 * Prints the delays in microseconds, a line each; one is 0 if the connection came first.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_US = 5000, PATIENCE_S = 10, BACKLOG = 64 };

static const char body[] =
    "{\"model\":\"m\",\"background\":true,\"input\":\"Say something about spools.\"}";

static const char stream[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    "event: response.completed\n"
    "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";

/* The provider's thread writes to the pipe when each connection came. */
struct provider {
	int listener;
	int pipe[2];
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

static void *provide(void *ctx)
{
	struct provider *provider = ctx;
	long long came;
	int fd;

	for (;;) {
		fd = accept(provider->listener, NULL, NULL);
		came = now_us();
		if (fd < 0 || write(provider->pipe[1], &came, sizeof(came)) != sizeof(came))
			die("the provider cannot go on");
		read_request(fd);
		if (write(fd, stream, sizeof(stream) - 1) < 0)
			fprintf(stderr, "start_delay: a stream was not taken\n");
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

static size_t ignore(char *p, size_t size, size_t count, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * count;
}

static CURL *open_client(const char *url, const char *key)
{
	struct curl_slist *headers = NULL;
	CURL *easy = curl_easy_init();
	char line[256];

	snprintf(line, sizeof(line), "Authorization: Bearer %s", key);
	headers = curl_slist_append(headers, line);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
	return easy;
}

static long long measure(CURL *easy, const struct provider *provider)
{
	long long answered, came;

	if (curl_easy_perform(easy) != CURLE_OK)
		die("a create failed");
	answered = now_us();
	if (read(provider->pipe[0], &came, sizeof(came)) != sizeof(came))
		die("no connection to the provider");
	return came > answered ? came - answered : 0;
}

int main(int argc, char **argv)
{
	int count = argc == 5 ? atoi(argv[4]) : 0, i;
	struct provider provider;
	CURL *easy;

	if (count < 1) {
		fprintf(stderr, "usage: start_delay URL KEY PROVIDER_PORT COUNT\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	start_provider(&provider, atoi(argv[3]));
	easy = open_client(argv[1], argv[2]);
	for (i = 0; i < count; i++) {
		printf("%lld\n", measure(easy, &provider));
		usleep(PAUSE_US);
	}
	return 0;
}
