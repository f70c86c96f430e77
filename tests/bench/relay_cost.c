/*
 * What does a client of a provider see of what stands between them? It is run against the provider
 * itself and against servers that pass its requests on. As it does nothing but send and read on
 * sockets that stay open, little of what it measures is its own.
 *
 * "requests" asks for short answers, on one connection or on several at once, and prints the median
 * of the time from sending a request to having read its answer; "streams" asks for them as streams.
 * "stream" reads one stream and prints how long it took for each event. If the provider stamps its
 * deltas (provider -t), it also prints the median of their ages when they were read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_S = 60,
	REQUEST_MAX = 2048,
	PATH_MAX_BYTES = 256,
	BUFFER_SIZE = 65536,
	LINE_MAX_BYTES = 1024, /* of an event's line; the rest is not looked at */
	CLIENTS_MAX = 64,
};

static const char usage[] = "usage: relay_cost requests|streams URL KEY CLIENTS MILLISECONDS\n"
			    "       relay_cost stream URL KEY\n"
			    "URL: http://127.0.0.1:PORT/PATH\n";

struct target {
	struct sockaddr_in address;
	char request[REQUEST_MAX];
	size_t request_len;
};

/* What has been read is between begin and end; the last of it came then. */
struct connection {
	int fd;
	size_t begin, end;
	double came;
	char buffer[BUFFER_SIZE];
};

struct times {
	double *us;
	size_t count, cap;
};

/* Gets an answer's body piece by piece, and when each was read. */
struct body {
	void (*take)(void *ctx, const char *p, size_t len, double came);
	void *ctx;
};

struct client {
	pthread_t thread;
	const struct target *target;
	double until;
	struct times times;
	size_t answer_bytes;
};

struct stream {
	char line[LINE_MAX_BYTES];
	size_t line_len;
	long events;
	struct times ages;
};

/* Of the monotonic clock, which the provider's stamps are of as well. */
static double now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static _Noreturn void die(const char *why, const char *what)
{
	fprintf(stderr, "relay_cost: %s: %s\n", why, what);
	exit(1);
}

/* ---- times ----------------------------------------------------------------------------------- */

static void add_time(struct times *times, double us)
{
	if (times->count == times->cap) {
		times->cap = times->cap > 0 ? 2 * times->cap : 1024;
		times->us = realloc(times->us, times->cap * sizeof(*times->us));
		if (times->us == NULL)
			die("memory", "there is no more");
	}
	times->us[times->count++] = us;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* There has to be one at least. */
static double median(struct times *times)
{
	size_t middle = times->count / 2;

	qsort(times->us, times->count, sizeof(*times->us), by_size);
	if (times->count % 2 == 1)
		return times->us[middle];
	return (times->us[middle - 1] + times->us[middle]) / 2;
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void set_target(struct target *target, const char *url, const char *key, const char *body)
{
	char path[PATH_MAX_BYTES];
	int port, len;

	if (sscanf(url, "http://127.0.0.1:%d%255s", &port, path) != 2 || path[0] != '/')
		die("expected http://127.0.0.1:PORT/PATH", url);
	target->address = (struct sockaddr_in){.sin_family = AF_INET};
	target->address.sin_port = htons((uint16_t)port);
	target->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	len = snprintf(target->request, REQUEST_MAX,
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    path, port, key, strlen(body), body);
	if (len < 0 || len >= REQUEST_MAX)
		die("the key or the path is too long", url);
	target->request_len = (size_t)len;
}

static void open_connection(struct connection *connection, const struct target *target)
{
	const struct sockaddr *address = (const struct sockaddr *)&target->address;
	struct timeval patience = {PATIENCE_S, 0};
	int on = 1;

	connection->begin = connection->end = 0;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 || connect(connection->fd, address, sizeof(target->address)) != 0)
		die("cannot connect", strerror(errno));
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static void send_request(const struct connection *connection, const struct target *target)
{
	ssize_t sent = send(connection->fd, target->request, target->request_len, MSG_NOSIGNAL);

	if (sent != (ssize_t)target->request_len)
		die("a request was not taken", sent < 0 ? strerror(errno) : "as a whole");
}

static void read_more(struct connection *connection)
{
	ssize_t got;

	connection->end -= connection->begin;
	memmove(connection->buffer, connection->buffer + connection->begin, connection->end);
	connection->begin = 0;
	if (connection->end == BUFFER_SIZE)
		die("expected an end of line", "there is none");
	got = read(
	    connection->fd, connection->buffer + connection->end, BUFFER_SIZE - connection->end);
	connection->came = now_us();
	if (got <= 0)
		die("an answer ends early", got == 0 ? "it was cut off" : strerror(errno));
	connection->end += (size_t)got;
}

/* Without its end, and only valid until more is read. */
static char *read_line(struct connection *connection)
{
	char *line, *end;

	for (;;) {
		line = connection->buffer + connection->begin;
		end = memchr(line, '\n', connection->end - connection->begin);
		if (end != NULL)
			break;
		read_more(connection);
	}
	connection->begin += (size_t)(end + 1 - line);
	*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}

static void read_bytes(struct connection *connection, size_t count, const struct body *body)
{
	size_t len;

	while (count > 0) {
		if (connection->begin == connection->end)
			read_more(connection);
		len = connection->end - connection->begin;
		if (len > count)
			len = count;
		body->take(
		    body->ctx, connection->buffer + connection->begin, len, connection->came);
		connection->begin += len;
		count -= len;
	}
}

static void expect_empty_line(struct connection *connection)
{
	const char *line = read_line(connection);

	if (*line != '\0')
		die("expected an empty line", line);
}

static void read_chunks(struct connection *connection, const struct body *body)
{
	size_t size;

	while ((size = strtoul(read_line(connection), NULL, 16)) > 0) {
		read_bytes(connection, size, body);
		expect_empty_line(connection);
	}
	expect_empty_line(connection);
}

static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " ");
}

static void read_answer(struct connection *connection, const struct body *body)
{
	const char *line = read_line(connection), *value;
	bool chunked = false, sized = false;
	size_t size = 0;

	if (strncmp(line, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")) != 0)
		die("expected an answer of HTTP/1.1 with status 200", line);
	while (*(line = read_line(connection)) != '\0') {
		if ((value = value_of(line, "Content-Length")) != NULL) {
			sized = true;
			size = strtoul(value, NULL, 10);
		} else if ((value = value_of(line, "Transfer-Encoding")) != NULL) {
			chunked = strcasecmp(value, "chunked") == 0;
		}
	}
	if (chunked)
		read_chunks(connection, body);
	else if (sized)
		read_bytes(connection, size, body);
	else
		die("expected an answer with a length", "it has none");
}

/* ---- requests -------------------------------------------------------------------------------- */

static void count_bytes(void *ctx, const char *p, size_t len, double came)
{
	size_t *bytes = ctx;

	(void)p;
	(void)came;
	*bytes += len;
}

static void measure_request(struct client *client, struct connection *connection)
{
	size_t bytes = 0;
	struct body body = {count_bytes, &bytes};
	double began = now_us();

	send_request(connection, client->target);
	read_answer(connection, &body);
	add_time(&client->times, now_us() - began);
	client->answer_bytes = bytes;
}

static void *run_client(void *ctx)
{
	struct client *client = ctx;
	struct connection connection;

	open_connection(&connection, client->target);
	do
		measure_request(client, &connection);
	while (now_us() < client->until);
	close(connection.fd);
	return NULL;
}

static void start_clients(struct client *clients, int count, const struct target *target, int ms)
{
	double until = now_us() + ms * 1e3;
	int i;

	for (i = 0; i < count; i++) {
		clients[i].target = target;
		clients[i].until = until;
		if (pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) != 0)
			die("threads", "there are no more");
	}
}

static void await_client(struct client *client, struct times *all)
{
	size_t i;

	pthread_join(client->thread, NULL);
	for (i = 0; i < client->times.count; i++)
		add_time(all, client->times.us[i]);
	free(client->times.us);
}

static void measure_requests(const struct target *target, int count, int ms)
{
	struct client clients[CLIENTS_MAX] = {0};
	struct times all = {0};
	int i;

	start_clients(clients, count, target, ms);
	for (i = 0; i < count; i++)
		await_client(&clients[i], &all);
	printf(
	    "us %.2f requests %zu bytes %zu\n", median(&all), all.count, clients[0].answer_bytes);
	free(all.us);
}

/* ---- a stream -------------------------------------------------------------------------------- */

static void take_line(struct stream *stream, double came)
{
	static const char data[] = "data: {", stamped[] = "\"delta\":\"<";
	const char *stamp;
	long long sent_at;

	stream->line[stream->line_len] = '\0';
	if (strncmp(stream->line, data, strlen(data)) == 0)
		stream->events++;
	stamp = strstr(stream->line, stamped);
	if (stamp != NULL && sscanf(stamp + strlen(stamped), "%*d %*d %lld>", &sent_at) == 1)
		add_time(&stream->ages, came - (double)sent_at);
}

static void add_to_line(struct stream *stream, const char *p, size_t len)
{
	size_t room = LINE_MAX_BYTES - 1 - stream->line_len;

	if (len > room)
		len = room;
	memcpy(stream->line + stream->line_len, p, len);
	stream->line_len += len;
}

static void take_events(void *ctx, const char *p, size_t len, double came)
{
	struct stream *stream = ctx;
	const char *end;

	while ((end = memchr(p, '\n', len)) != NULL) {
		add_to_line(stream, p, (size_t)(end - p));
		take_line(stream, came);
		stream->line_len = 0;
		len -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	add_to_line(stream, p, len);
}

static void print_stream(struct stream *stream, double us)
{
	if (stream->events == 0)
		die("expected a stream of events", "it has none");
	printf("us %.3f events %ld", us / (double)stream->events, stream->events);
	if (stream->ages.count > 0)
		printf(" age_us %.2f stamps %zu", median(&stream->ages), stream->ages.count);
	printf("\n");
}

static void measure_stream(const struct target *target)
{
	struct connection connection;
	struct stream stream = {0};
	struct body body = {take_events, &stream};
	double began;

	open_connection(&connection, target);
	began = now_us();
	send_request(&connection, target);
	read_answer(&connection, &body);
	print_stream(&stream, now_us() - began);
	close(connection.fd);
	free(stream.ages.us);
}

/* ---- main ------------------------------------------------------------------------------------ */

static const char short_body[] = "{\"model\":\"m\",\"input\":\"Say something about spools.\"}";

static const char stream_body[] =
    "{\"model\":\"m\",\"input\":\"Say something about spools.\",\"stream\":true}";

int main(int argc, char **argv)
{
	bool streams = argc == 6 && strcmp(argv[1], "streams") == 0;
	bool requests = streams || (argc == 6 && strcmp(argv[1], "requests") == 0);
	bool stream = argc == 4 && strcmp(argv[1], "stream") == 0;
	int clients = requests ? atoi(argv[4]) : 1, ms = requests ? atoi(argv[5]) : 1;
	struct target target;

	if ((!requests && !stream) || clients < 1 || clients > CLIENTS_MAX || ms < 1) {
		fputs(usage, stderr);
		return 2;
	}
	set_target(&target, argv[2], argv[3], requests && !streams ? short_body : stream_body);
	if (requests)
		measure_requests(&target, clients, ms);
	else
		measure_stream(&target);
	return 0;
}
