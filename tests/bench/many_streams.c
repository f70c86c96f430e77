/*
 * Many clients at once, each of which reads one stream to its end. What they are served says in
 * each delta which one it is of which stream, and when it was sent (provider -t). So they see
 * whether a stream is whole and its own, and how old each delta is when it is read.
 *
 * The streams are opened one by one within RAMP_MS. "opened" is printed when each has been answered
 * or has failed, and a line of figures when all have ended. DELTAS is how many a whole one has.
 *
 * With -b they are streams of background responses, and with -f of such that exist: FILE has their
 * ids, a line each, and clients take them in turn. Their events have to be numbered without a gap.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_answer.h"

enum {
	PATIENCE_MS = 20000, /* without a byte of any stream */
	REQUEST_MAX = 2048,
	PATH_MAX_BYTES = 256,
	BUFFER_SIZE = 65536,
	ID_MAX = 64,
	STREAMS_MAX = 50000,
	DELTAS_MAX = 100000,
	SERIALS = 100000, /* that a stamp can tell apart */
	EVENTS_AT_ONCE = 256,
};

enum outcome { WHOLE, REFUSED, BROKEN, OUTCOMES };

enum kind {
	PASSED,   /* a request that is passed through */
	CREATED,  /* a background response, with its stream */
	FOLLOWED, /* the stream of one that exists */
};

struct stream {
	int fd;
	bool asked, answered, ended;
	struct http_answer answer;
	struct line event; /* a line of the body */
	long serial;
	long events; /* but for those of PASSED, which may have their own numbers */
	int deltas;
	bool completed; /* its last event has come */
};

/* Times are of the monotonic clock, as the provider's stamps are, in microseconds. */
struct clients {
	enum kind kind;
	struct sockaddr_in address;
	char path[PATH_MAX_BYTES];
	const char *key;
	char (*ids)[ID_MAX]; /* of FOLLOWED */
	int id_count;
	int epoll;
	struct stream *streams;
	int count, opened, answered, wanted; /* streams; of those; of those; deltas of each */
	int ended[OUTCOMES];
	long long began, ramp;
	bool serials[SERIALS];
	int *ages;
	size_t age_count;
	long long bytes; /* that were read, heads and all */
	long comments;
	/* From when all are open until the first ends. */
	long long plateau_began, plateau_ended;
	size_t before_plateau, until_plateau_ended; /* deltas */
};

static const char usage[] = "usage: many_streams [-b | -f FILE] URL KEY STREAMS RAMP_MS DELTAS\n"
			    "URL: http://127.0.0.1:PORT/PATH\n";

static long long now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static _Noreturn void die(const char *why, const char *what)
{
	fprintf(stderr, "many_streams: %s: %s\n", why, what);
	exit(1);
}

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		die("memory", "there is no more");
	return p;
}

static int ended(const struct clients *clients)
{
	return clients->ended[WHOLE] + clients->ended[REFUSED] + clients->ended[BROKEN];
}

/* One that has failed counts as answered, so that others need not wait for it. */
static void count_answer(struct clients *clients, struct stream *stream)
{
	if (stream->answered)
		return;
	stream->answered = true;
	if (++clients->answered < clients->count)
		return;
	clients->plateau_began = now_us();
	clients->before_plateau = clients->age_count;
	printf("opened\n");
	fflush(stdout);
}

/* Says what is wrong with the first stream that did not end well. */
static void end_stream(
    struct clients *clients, struct stream *stream, enum outcome outcome, const char *why)
{
	count_answer(clients, stream);
	if (outcome != WHOLE && clients->ended[REFUSED] + clients->ended[BROKEN] == 0)
		fprintf(stderr, "many_streams: stream %ld after %d deltas: %s\n",
		    (long)(stream - clients->streams), stream->deltas, why);
	if (clients->plateau_ended == 0) {
		clients->plateau_ended = now_us();
		clients->until_plateau_ended = clients->age_count;
	}
	clients->ended[outcome]++;
	stream->ended = true;
	if (stream->fd >= 0)
		close(stream->fd);
}

static void break_stream(struct clients *clients, struct stream *stream, const char *why)
{
	end_stream(clients, stream, BROKEN, why);
}

/* Whether it is the next one of a stream that nobody else reads, unless streams are followed. */
static bool belongs(struct clients *clients, struct stream *stream, long serial, long index)
{
	if (index != stream->deltas || index == clients->wanted || serial < 0 || serial >= SERIALS)
		return false;
	if (index > 0)
		return serial == stream->serial;
	if (clients->serials[serial] && clients->kind != FOLLOWED)
		return false;
	clients->serials[serial] = true;
	stream->serial = serial;
	return true;
}

static bool is_numbered(struct clients *clients, struct stream *stream)
{
	static const char name[] = "\"sequence_number\":";
	const char *number = strstr(stream->event.p, name);

	if (clients->kind == PASSED)
		return true;
	return number != NULL && strtol(number + strlen(name), NULL, 10) == stream->events++;
}

static void take_stamp(
    struct clients *clients, struct stream *stream, const char *stamp, long long came)
{
	long long sent_at;
	long serial, index;

	if (sscanf(stamp, "<%ld %ld %lld>", &serial, &index, &sent_at) != 3 ||
	    !belongs(clients, stream, serial, index)) {
		break_stream(clients, stream, stamp);
		return;
	}
	stream->deltas++;
	clients->ages[clients->age_count++] = (int)(came - sent_at);
}

static void take_event_line(struct clients *clients, struct stream *stream, long long came)
{
	static const char completed[] = "event: response.completed",
			  data[] = "data: ", stamped[] = "\"delta\":\"<";
	const char *line = stream->event.p, *stamp;

	stream->event.p[stream->event.len] = '\0';
	if (line[0] == ':')
		clients->comments++;
	if (strcmp(line, completed) == 0)
		stream->completed = stream->deltas == clients->wanted;
	if (strncmp(line, data, strlen(data)) != 0)
		return;
	if (!is_numbered(clients, stream)) {
		break_stream(clients, stream, line);
		return;
	}
	stamp = strstr(line, stamped);
	if (stamp != NULL)
		take_stamp(clients, stream, stamp + strlen(stamped) - 1, came);
}

static void take_events(
    struct clients *clients, struct stream *stream, const char *p, size_t len, long long came)
{
	const char *end;

	while (!stream->ended && (end = memchr(p, '\n', len)) != NULL) {
		line_add(&stream->event, p, (size_t)(end - p));
		take_event_line(clients, stream, came);
		stream->event.len = 0;
		len -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	line_add(&stream->event, p, len);
}

static void heed_state(struct clients *clients, struct stream *stream)
{
	const struct http_answer *answer = &stream->answer;

	if (answer->state == HTTP_BODY)
		count_answer(clients, stream);
	else if (answer->state == HTTP_REFUSED)
		end_stream(clients, stream, REFUSED, answer->why);
	else if (answer->state == HTTP_BROKEN)
		break_stream(clients, stream, answer->why);
	else if (answer->state == HTTP_ENDED && stream->completed)
		end_stream(clients, stream, WHOLE, "");
	else if (answer->state == HTTP_ENDED)
		break_stream(clients, stream, "its last event is missing");
}

static void take(
    struct clients *clients, struct stream *stream, const char *p, size_t len, long long came)
{
	const char *body;
	size_t taken;

	clients->bytes += (long long)len;
	while (len > 0 && !stream->ended) {
		taken = http_answer_take(&stream->answer, p, len, &body);
		if (body != NULL)
			take_events(clients, stream, body, taken, came);
		else
			heed_state(clients, stream);
		p += taken;
		len -= taken;
	}
}

static void set_target(struct clients *clients, const char *url, const char *key)
{
	int port;

	if (sscanf(url, "http://127.0.0.1:%d%255s", &port, clients->path) != 2 ||
	    clients->path[0] != '/')
		die("expected http://127.0.0.1:PORT/PATH", url);
	clients->address = (struct sockaddr_in){.sin_family = AF_INET};
	clients->address.sin_port = htons((uint16_t)port);
	clients->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	clients->key = key;
}

/* Returns the length. */
static size_t write_request(const struct clients *clients, const struct stream *stream, char *out)
{
	const char *body = "{\"model\":\"m\",\"input\":\"Say something about spools.\","
			   "\"stream\":true}";
	int len;

	if (clients->kind == CREATED)
		body = "{\"model\":\"m\",\"input\":\"Say something about spools.\","
		       "\"stream\":true,\"background\":true}";
	if (clients->kind == FOLLOWED)
		len = snprintf(out, REQUEST_MAX,
		    "GET %s/%s?stream=true HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		    "Authorization: Bearer %s\r\n\r\n",
		    clients->path, clients->ids[(stream - clients->streams) % clients->id_count],
		    clients->key);
	else
		len = snprintf(out, REQUEST_MAX,
		    "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
		    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		    clients->path, clients->key, strlen(body), body);
	if (len < 0 || len >= REQUEST_MAX)
		die("the key or the path is too long", clients->path);
	return (size_t)len;
}

/* The request is sent when the connection stands. */
static void open_stream(struct clients *clients, struct stream *stream)
{
	const struct sockaddr *address = (const struct sockaddr *)&clients->address;
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = stream};
	int on = 1;

	stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (stream->fd < 0)
		die("cannot open a socket", strerror(errno));
	setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(clients->epoll, EPOLL_CTL_ADD, stream->fd, &event) != 0)
		die("cannot watch a socket", strerror(errno));
	if (connect(stream->fd, address, sizeof(clients->address)) != 0 && errno != EINPROGRESS)
		break_stream(clients, stream, strerror(errno));
}

static void ask(struct clients *clients, struct stream *stream)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
	char request[REQUEST_MAX];
	size_t len = write_request(clients, stream, request);
	ssize_t sent = send(stream->fd, request, len, MSG_NOSIGNAL);

	if (sent != (ssize_t)len) {
		break_stream(clients, stream, sent < 0 ? strerror(errno) : "request cut off");
		return;
	}
	stream->asked = true;
	if (epoll_ctl(clients->epoll, EPOLL_CTL_MOD, stream->fd, &event) != 0)
		die("cannot watch a socket", strerror(errno));
}

static void read_stream(struct clients *clients, struct stream *stream)
{
	static char buffer[BUFFER_SIZE];
	ssize_t got = read(stream->fd, buffer, sizeof(buffer));

	if (got > 0)
		take(clients, stream, buffer, (size_t)got, now_us());
	else if (got == 0)
		break_stream(clients, stream, "it was cut off");
	else if (errno != EAGAIN && errno != EINTR)
		break_stream(clients, stream, strerror(errno));
}

static long long due(const struct clients *clients)
{
	return clients->began + clients->ramp * clients->opened / clients->count;
}

/* How long until the next one is due, in milliseconds. */
static int open_what_is_due(struct clients *clients)
{
	long long now = now_us();

	while (clients->opened < clients->count && due(clients) <= now)
		open_stream(clients, &clients->streams[clients->opened++]);
	if (clients->opened == clients->count)
		return PATIENCE_MS;
	return (int)((due(clients) - now) / 1000) + 1;
}

static void give_up(struct clients *clients)
{
	for (int i = 0; i < clients->count; i++) {
		if (!clients->streams[i].ended)
			break_stream(clients, &clients->streams[i], "nothing comes any more");
	}
}

static void read_all(struct clients *clients)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct stream *stream;
	int ready, wait_ms;

	while (ended(clients) < clients->count) {
		wait_ms = open_what_is_due(clients);
		ready = epoll_wait(clients->epoll, events, EVENTS_AT_ONCE, wait_ms);
		if (ready == 0 && clients->opened == clients->count)
			give_up(clients);
		for (int i = 0; i < ready; i++) {
			stream = events[i].data.ptr;
			if (stream->asked)
				read_stream(clients, stream);
			else
				ask(clients, stream);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static double rate(const struct clients *clients)
{
	long long us = clients->plateau_ended - clients->plateau_began;

	if (us <= 0 || clients->until_plateau_ended < clients->before_plateau)
		return 0;
	return (double)(clients->until_plateau_ended - clients->before_plateau) / (double)us * 1e6;
}

static void report(struct clients *clients)
{
	size_t n = clients->age_count;

	printf("whole %d refused %d broken %d events %zu rate %.0f", clients->ended[WHOLE],
	    clients->ended[REFUSED], clients->ended[BROKEN], n, rate(clients));
	qsort(clients->ages, n, sizeof(*clients->ages), by_size);
	if (n > 0)
		printf(" p50_us %d p99_us %d max_us %d", clients->ages[n / 2],
		    clients->ages[n * 99 / 100], clients->ages[n - 1]);
	printf(" bytes %lld comments %ld\n", clients->bytes, clients->comments);
}

static void read_ids(struct clients *clients, const char *path)
{
	FILE *file = fopen(path, "r");

	if (file == NULL)
		die(path, strerror(errno));
	clients->ids = allocate(STREAMS_MAX, sizeof(*clients->ids));
	while (clients->id_count < STREAMS_MAX &&
	       fscanf(file, "%63s%*[^\n]", clients->ids[clients->id_count]) == 1)
		clients->id_count++;
	fclose(file);
	if (clients->id_count == 0)
		die(path, "it has no ids");
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Whether they are as they should be. */
static bool read_options(struct clients *clients, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "bf:")) != -1) {
		if (option == '?' || clients->kind != PASSED)
			return false;
		clients->kind = option == 'b' ? CREATED : FOLLOWED;
		if (option == 'f')
			read_ids(clients, optarg);
	}
	if (argc - optind != 5)
		return false;
	set_target(clients, argv[optind], argv[optind + 1]);
	clients->count = atoi(argv[optind + 2]);
	clients->ramp = atoi(argv[optind + 3]) * 1000LL;
	clients->wanted = atoi(argv[optind + 4]);
	return clients->count >= 1 && clients->count <= STREAMS_MAX && clients->ramp >= 0 &&
	       clients->wanted >= 1 && clients->wanted <= DELTAS_MAX;
}

int main(int argc, char **argv)
{
	static struct clients clients;

	if (!read_options(&clients, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	raise_file_limit();
	clients.streams = allocate((size_t)clients.count, sizeof(*clients.streams));
	clients.ages =
	    allocate((size_t)clients.count * (size_t)clients.wanted, sizeof(*clients.ages));
	clients.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (clients.epoll < 0)
		die("cannot set up epoll", strerror(errno));
	clients.began = now_us();
	read_all(&clients);
	report(&clients);
	return 0;
}
