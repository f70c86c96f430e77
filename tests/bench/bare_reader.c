/*
 * The least that a program can do to read streams of events: libcurl's multi interface on libevent,
 * each event parsed by json-c, nothing kept. What respoold is compared with.
 *
 * Prints what it has read, and its CPU time from the first request on.
 */
#include <curl/curl.h>
#include <event2/event.h>
#include <json-c/json.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char body[] = "{\"model\":\"m\",\"stream\":true,\"input\":\"Say something.\"}";

struct reader {
	struct event_base *base;
	struct event *timer;
	CURLM *multi;
	struct curl_slist *headers;
	struct json_tokener *tokener;
	int running;
	unsigned long events, deltas, failed;
	unsigned long long bytes; /* of deltas */
};

struct reading {
	struct reader *reader;
	char *data; /* of an event whose end has not come */
	size_t len, cap;
};

static _Noreturn void die(const char *why)
{
	fprintf(stderr, "bare_reader: %s\n", why);
	exit(1);
}

static void count_event(struct reader *reader, struct json_object *event)
{
	struct json_object *type, *delta;

	reader->events++;
	if (!json_object_object_get_ex(event, "type", &type) ||
	    strcmp(json_object_get_string(type), "response.output_text.delta") != 0 ||
	    !json_object_object_get_ex(event, "delta", &delta))
		return;
	reader->deltas++;
	reader->bytes += (unsigned long long)json_object_get_string_len(delta);
}

static void take_line(struct reader *reader, const char *line, size_t len)
{
	struct json_object *event;

	if (len < 6 || memcmp(line, "data: ", 6) != 0)
		return;
	json_tokener_reset(reader->tokener);
	event = json_tokener_parse_ex(reader->tokener, line + 6, (int)(len - 6));
	if (event == NULL)
		reader->failed++;
	else
		count_event(reader, event);
	json_object_put(event);
}

/* Takes the whole lines and returns how many bytes they have. */
static size_t take_lines(struct reader *reader, const char *p, size_t len)
{
	const char *start = p, *end = p + len, *lf;

	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		take_line(reader, p, (size_t)(lf - p));
		p = lf + 1;
	}
	return (size_t)(p - start);
}

static void keep(struct reading *reading, const char *p, size_t len)
{
	if (reading->len + len > reading->cap) {
		reading->cap = 2 * (reading->len + len);
		reading->data = realloc(reading->data, reading->cap);
		if (reading->data == NULL)
			die("out of memory");
	}
	memcpy(reading->data + reading->len, p, len);
	reading->len += len;
}

static size_t on_body(char *p, size_t size, size_t count, void *ctx)
{
	struct reading *reading = ctx;
	size_t len = size * count, taken;

	if (reading->len == 0) {
		taken = take_lines(reading->reader, p, len);
		if (taken < len)
			keep(reading, p + taken, len - taken);
		return len;
	}
	keep(reading, p, len);
	taken = take_lines(reading->reader, reading->data, reading->len);
	reading->len -= taken;
	memmove(reading->data, reading->data + taken, reading->len);
	return len;
}

static void drive(struct reader *reader, curl_socket_t fd, int events)
{
	struct CURLMsg *message;
	int left;

	curl_multi_socket_action(reader->multi, fd, events, &reader->running);
	while ((message = curl_multi_info_read(reader->multi, &left)) != NULL) {
		if (message->msg == CURLMSG_DONE && message->data.result != CURLE_OK)
			reader->failed++;
	}
	if (reader->running == 0)
		event_base_loopbreak(reader->base);
}

static void on_ready(evutil_socket_t fd, short what, void *ctx)
{
	int events =
	    (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	drive(ctx, fd, events);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	drive(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct reader *reader = ctx;
	struct event *event = socket_ctx;
	short events = EV_PERSIST;

	(void)easy;
	if (event != NULL)
		event_free(event);
	if (what == CURL_POLL_REMOVE)
		return 0;
	events = (short)(events | (what & CURL_POLL_IN ? EV_READ : 0));
	events = (short)(events | (what & CURL_POLL_OUT ? EV_WRITE : 0));
	event = event_new(reader->base, fd, events, on_ready, reader);
	if (event == NULL || event_add(event, NULL) != 0)
		die("cannot watch a socket");
	curl_multi_assign(reader->multi, fd, event);
	return 0;
}

static int arm_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct reader *reader = ctx;
	struct timeval delay = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

	(void)multi;
	if (timeout_ms < 0)
		evtimer_del(reader->timer);
	else
		evtimer_add(reader->timer, &delay);
	return 0;
}

static void begin(struct reader *reader, const char *url)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	CURL *easy = curl_easy_init();

	if (reading == NULL || easy == NULL)
		die("out of memory");
	reading->reader = reader;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, reader->headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, reading);
	curl_multi_add_handle(reader->multi, easy);
}

static void open_reader(struct reader *reader)
{
	*reader = (struct reader){.base = event_base_new()};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	reader->multi = curl_multi_init();
	reader->tokener = json_tokener_new();
	reader->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (reader->base == NULL || reader->multi == NULL || reader->tokener == NULL)
		die("out of memory");
	reader->timer = evtimer_new(reader->base, on_timer, reader);
	curl_multi_setopt(reader->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(reader->multi, CURLMOPT_SOCKETDATA, reader);
	curl_multi_setopt(reader->multi, CURLMOPT_TIMERFUNCTION, arm_timer);
	curl_multi_setopt(reader->multi, CURLMOPT_TIMERDATA, reader);
}

static void allow_many_sockets(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static long long cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
	struct reader reader;
	long long before;
	int i, count = argc == 3 ? atoi(argv[2]) : 0;

	if (count < 1) {
		fprintf(stderr, "usage: bare_reader URL STREAMS\n");
		return 2;
	}
	allow_many_sockets();
	open_reader(&reader);
	before = cpu_us();
	for (i = 0; i < count; i++)
		begin(&reader, argv[1]);
	event_base_dispatch(reader.base);
	printf("events %lu deltas %lu bytes %llu failed %lu cpu_us %lld\n", reader.events,
	    reader.deltas, reader.bytes, reader.failed, cpu_us() - before);
	return reader.failed != 0;
}
