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
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blocking_http.h"
#include "times.h"

enum {
	LINE_MAX_BYTES = 1024, /* of an event's line; the rest is not looked at */
	CLIENTS_MAX = 64,
};

static const char usage[] = "usage: relay_cost requests|streams URL KEY CLIENTS MILLISECONDS\n"
			    "       relay_cost stream URL KEY\n"
			    "URL: http://127.0.0.1:PORT/PATH\n";

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
	double began = http_now_us();

	http_send(connection, client->target);
	http_read_answer(connection, &body);
	times_add(&client->times, http_now_us() - began);
	client->answer_bytes = bytes;
}

static void *run_client(void *ctx)
{
	struct client *client = ctx;
	struct connection connection;

	http_open(&connection, client->target);
	do
		measure_request(client, &connection);
	while (http_now_us() < client->until);
	close(connection.fd);
	return NULL;
}

static void start_clients(struct client *clients, int count, const struct target *target, int ms)
{
	double until = http_now_us() + ms * 1e3;
	int i;

	for (i = 0; i < count; i++) {
		clients[i].target = target;
		clients[i].until = until;
		if (pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) != 0)
			http_die("threads", "there are no more");
	}
}

static void await_client(struct client *client, struct times *all)
{
	size_t i;

	pthread_join(client->thread, NULL);
	for (i = 0; i < client->times.count; i++)
		times_add(all, client->times.us[i]);
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
	printf("us %.2f requests %zu bytes %zu\n", times_median(&all), all.count,
	    clients[0].answer_bytes);
	free(all.us);
}

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
		times_add(&stream->ages, came - (double)sent_at);
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
		http_die("expected a stream of events", "it has none");
	printf("us %.3f events %ld", us / (double)stream->events, stream->events);
	if (stream->ages.count > 0)
		printf(" age_us %.2f stamps %zu", times_median(&stream->ages), stream->ages.count);
	printf("\n");
}

static void measure_stream(const struct target *target)
{
	struct connection connection;
	struct stream stream = {0};
	struct body body = {take_events, &stream};
	double began;

	http_open(&connection, target);
	began = http_now_us();
	http_send(&connection, target);
	http_read_answer(&connection, &body);
	print_stream(&stream, http_now_us() - began);
	close(connection.fd);
	free(stream.ages.us);
}

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
	target_set(&target, argv[2], argv[3], requests && !streams ? short_body : stream_body);
	if (requests)
		measure_requests(&target, clients, ms);
	else
		measure_stream(&target);
	return 0;
}
