/*
 * Many clients at once, each of which reads one stream to its end. It is run against servers that
 * pass requests on to the stand-in provider, which says in each delta which one it is of which
 * stream, and when it was sent (provider -t). So it sees whether a stream is whole and its own, and
 * how old each delta is when it is read.
 *
 * The streams are opened one by one within RAMP_MS. "opened" is printed when each has been answered
 * or has failed, and a line of figures when all have ended. DELTAS is how many a whole one has.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 20000, /* without a byte of any stream */
	REQUEST_MAX = 2048,
	PATH_MAX_BYTES = 256,
	BUFFER_SIZE = 65536,
	LINE_MAX_BYTES = 1024, /* the rest of a line is not looked at */
	STREAMS_MAX = 50000,
	DELTAS_MAX = 100000,
	SERIALS = 100000, /* that a stamp can tell apart */
	EVENTS_AT_ONCE = 256,
};

enum outcome { WHOLE, REFUSED, BROKEN, OUTCOMES };

/* What is read next. */
enum state {
	STATUS_LINE,
	HEADER,
	CHUNK_SIZE,
	CHUNK,
	CHUNK_END,
	LAST_LINE,
	ENDED,
};

struct line {
	char p[LINE_MAX_BYTES];
	size_t len;
};

struct stream {
	int fd;
	enum state state;
	bool asked, answered, chunked;
	size_t chunk_left;
	struct line http;  /* of what frames the body */
	struct line event; /* of the body */
	long serial;
	int deltas;
	bool completed; /* its last event has come */
};

/* Times are of the monotonic clock, as the provider's stamps are, in microseconds. */
struct clients {
	struct sockaddr_in address;
	char request[REQUEST_MAX];
	size_t request_len;
	int epoll;
	struct stream *streams;
	int count, opened, answered, wanted; /* streams; of those; of those; deltas of each */
	int ended[OUTCOMES];
	long long began, ramp;
	bool serials[SERIALS];
	int *ages;
	size_t age_count;
	/* From when all are open until the first ends. */
	long long plateau_began, plateau_ended;
	size_t before_plateau, until_plateau_ended; /* deltas */
};

static const char usage[] = "usage: many_streams URL KEY STREAMS RAMP_MS DELTAS\n"
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
	stream->state = ENDED;
	if (stream->fd >= 0)
		close(stream->fd);
}

static void break_stream(struct clients *clients, struct stream *stream, const char *why)
{
	end_stream(clients, stream, BROKEN, why);
}

/* Whether it is the next one of a stream that nobody else reads. */
static bool belongs(struct clients *clients, struct stream *stream, long serial, long index)
{
	if (index != stream->deltas || index == clients->wanted || serial < 0 || serial >= SERIALS)
		return false;
	if (index > 0)
		return serial == stream->serial;
	if (clients->serials[serial])
		return false;
	clients->serials[serial] = true;
	stream->serial = serial;
	return true;
}

static void take_event_line(struct clients *clients, struct stream *stream, long long came)
{
	static const char completed[] = "event: response.completed", stamped[] = "\"delta\":\"<";
	const char *stamp;
	long long sent_at;
	long serial, index;

	stream->event.p[stream->event.len] = '\0';
	if (strcmp(stream->event.p, completed) == 0)
		stream->completed = stream->deltas == clients->wanted;
	stamp = strstr(stream->event.p, stamped);
	if (stamp == NULL)
		return;
	if (sscanf(stamp + strlen(stamped), "%ld %ld %lld>", &serial, &index, &sent_at) != 3 ||
	    !belongs(clients, stream, serial, index)) {
		break_stream(clients, stream, stamp);
		return;
	}
	stream->deltas++;
	clients->ages[clients->age_count++] = (int)(came - sent_at);
}

static void add_to_line(struct line *line, const char *p, size_t len)
{
	size_t room = LINE_MAX_BYTES - 1 - line->len;

	if (len > room)
		len = room;
	memcpy(line->p + line->len, p, len);
	line->len += len;
}

static void take_events(
    struct clients *clients, struct stream *stream, const char *p, size_t len, long long came)
{
	const char *end;

	while (stream->state != ENDED && (end = memchr(p, '\n', len)) != NULL) {
		add_to_line(&stream->event, p, (size_t)(end - p));
		take_event_line(clients, stream, came);
		stream->event.len = 0;
		len -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	add_to_line(&stream->event, p, len);
}

static void take_status(struct clients *clients, struct stream *stream, const char *line)
{
	if (strncmp(line, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")) != 0) {
		end_stream(clients, stream, REFUSED, line);
		return;
	}
	count_answer(clients, stream);
	stream->state = HEADER;
}

static void take_header(struct clients *clients, struct stream *stream, const char *line)
{
	if (strcasecmp(line, "Transfer-Encoding: chunked") == 0)
		stream->chunked = true;
	if (*line != '\0')
		return;
	stream->state = CHUNK_SIZE;
	if (!stream->chunked)
		break_stream(clients, stream, "it is not chunked");
}

static void take_size(struct clients *clients, struct stream *stream, const char *line)
{
	char *end;

	stream->chunk_left = strtoul(line, &end, 16);
	if (end == line)
		break_stream(clients, stream, "expected the size of a chunk");
	else
		stream->state = stream->chunk_left > 0 ? CHUNK : LAST_LINE;
}

static void take_last_line(struct clients *clients, struct stream *stream)
{
	if (stream->completed)
		end_stream(clients, stream, WHOLE, "");
	else
		break_stream(clients, stream, "its last event is missing");
}

static void take_http_line(struct clients *clients, struct stream *stream)
{
	struct line *line = &stream->http;

	if (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	line->p[line->len] = '\0';
	line->len = 0;
	if (stream->state == STATUS_LINE)
		take_status(clients, stream, line->p);
	else if (stream->state == HEADER)
		take_header(clients, stream, line->p);
	else if (stream->state == CHUNK_SIZE)
		take_size(clients, stream, line->p);
	else if (line->p[0] != '\0')
		break_stream(clients, stream, "expected an empty line");
	else if (stream->state == CHUNK_END)
		stream->state = CHUNK_SIZE;
	else
		take_last_line(clients, stream);
}

/* How many of the bytes were taken. */
static size_t take_framing(
    struct clients *clients, struct stream *stream, const char *p, size_t len)
{
	const char *end = memchr(p, '\n', len);

	add_to_line(&stream->http, p, end != NULL ? (size_t)(end - p) : len);
	if (end == NULL)
		return len;
	take_http_line(clients, stream);
	return (size_t)(end + 1 - p);
}

static size_t take_chunk(
    struct clients *clients, struct stream *stream, const char *p, size_t len, long long came)
{
	if (len > stream->chunk_left)
		len = stream->chunk_left;
	stream->chunk_left -= len;
	if (stream->chunk_left == 0)
		stream->state = CHUNK_END;
	take_events(clients, stream, p, len, came);
	return len;
}

static void take(
    struct clients *clients, struct stream *stream, const char *p, size_t len, long long came)
{
	size_t taken;

	while (len > 0 && stream->state != ENDED) {
		if (stream->state == CHUNK)
			taken = take_chunk(clients, stream, p, len, came);
		else
			taken = take_framing(clients, stream, p, len);
		p += taken;
		len -= taken;
	}
}

static void set_request(struct clients *clients, const char *url, const char *key)
{
	static const char body[] =
	    "{\"model\":\"m\",\"input\":\"Say something about spools.\",\"stream\":true}";
	char path[PATH_MAX_BYTES];
	int port, len;

	if (sscanf(url, "http://127.0.0.1:%d%255s", &port, path) != 2 || path[0] != '/')
		die("expected http://127.0.0.1:PORT/PATH", url);
	clients->address = (struct sockaddr_in){.sin_family = AF_INET};
	clients->address.sin_port = htons((uint16_t)port);
	clients->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	len = snprintf(clients->request, REQUEST_MAX,
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    path, port, key, strlen(body), body);
	if (len < 0 || len >= REQUEST_MAX)
		die("the key or the path is too long", url);
	clients->request_len = (size_t)len;
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
	ssize_t sent = send(stream->fd, clients->request, clients->request_len, MSG_NOSIGNAL);

	if (sent != (ssize_t)clients->request_len) {
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
		if (clients->streams[i].state != ENDED)
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
	putchar('\n');
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	static struct clients clients;

	if (argc == 6) {
		clients.count = atoi(argv[3]);
		clients.ramp = atoi(argv[4]) * 1000LL;
		clients.wanted = atoi(argv[5]);
	}
	if (clients.count < 1 || clients.count > STREAMS_MAX || clients.ramp < 0 ||
	    clients.wanted < 1 || clients.wanted > DELTAS_MAX) {
		fputs(usage, stderr);
		return 2;
	}
	raise_file_limit();
	set_request(&clients, argv[1], argv[2]);
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
