#include "provider.h"

#include <stdlib.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "common/base/alloc.h"
#include "common/base/log.h"

enum {
	SEND_AHEAD = 64 << 10, /* bytes of a stream without delay that are written at once */
	SEND_LIMIT = 1 << 20,  /* unsent bytes of a stream that has to wait for its reader */
};

long long stream_now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static void stop_pacing(struct stream *stream)
{
	if (stream->paced)
		TAILQ_REMOVE(&stream->provider->paced, stream, link);
	stream->paced = false;
}

static void stream_free(struct stream *stream)
{
	stop_pacing(stream);
	answer_free(&stream->answer);
	buf_free(&stream->delta_head);
	free(stream);
}

static void count_end(struct stream *stream, bool finished)
{
	struct provider *provider = stream->provider;

	if (finished)
		provider->stats.finished++;
	else
		provider->stats.closed_early++;
	if (!provider->options.quiet)
		log_info("%s: %s after %ld of %ld deltas", stream->answer.response_id,
		    finished ? "finished" : "closed by the client", stream->deltas,
		    stream->answer.delta_count);
}

/* The whole reply is written; the connection may carry more requests. */
static void on_complete(struct evhttp_request *request, void *ctx)
{
	struct stream *stream = ctx;

	evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
	count_end(stream, true);
	stream_free(stream);
}

/* The client has gone, or the program ends. */
static void on_close(struct evhttp_connection *connection, void *ctx)
{
	struct stream *stream = ctx;
	struct evhttp_request *request = stream->request;

	(void)connection;
	count_end(stream, stream->ended);
	if (!stream->ended && evhttp_request_get_connection(request) == NULL)
		evhttp_request_free(request);
	stream_free(stream);
}

static void send_events(
    struct stream *stream, void (*when_sent)(struct evhttp_connection *, void *))
{
	struct buf *events = &stream->provider->events;
	struct evbuffer *chunk = evbuffer_new();

	if (chunk == NULL || evbuffer_add(chunk, events->data, events->len) != 0)
		fatalx("out of memory");
	buf_clear(events);
	evhttp_send_reply_chunk_with_cb(stream->request, chunk, when_sent, stream);
	evbuffer_free(chunk);
}

static void end_stream(struct stream *stream)
{
	events_last(&stream->provider->events, stream);
	send_events(stream, NULL);
	stream->ended = true;
	stop_pacing(stream);
	evhttp_send_reply_end(stream->request);
}

static bool all_said(const struct stream *stream)
{
	if (stream->provider->options.stamped)
		return stream->deltas == stream->answer.delta_count;
	return stream->said == stream->answer.text.len;
}

/* Without a delay: as much as fits, and more when it is written. */
static void send_ahead(struct evhttp_connection *connection, void *ctx)
{
	struct stream *stream = ctx;
	struct buf *events = &stream->provider->events;

	(void)connection;
	if (all_said(stream)) {
		end_stream(stream);
		return;
	}
	while (!all_said(stream) && events->len < SEND_AHEAD)
		events_delta(events, stream);
	send_events(stream, send_ahead);
}

static size_t unsent(const struct stream *stream)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(stream->request);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(connection);

	return evbuffer_get_length(bufferevent_get_output(bev));
}

static void send_next(struct stream *stream)
{
	if (unsent(stream) > SEND_LIMIT)
		return;
	if (all_said(stream)) {
		end_stream(stream);
		return;
	}
	events_delta(&stream->provider->events, stream);
	send_events(stream, NULL);
}

static void arm_pacer(struct provider *provider)
{
	const struct stream *first = TAILQ_FIRST(&provider->paced);
	struct timeval delay = {0, 0};
	long long left;

	if (first == NULL)
		return;
	left = first->due - stream_now_us();
	if (left > 0)
		delay = (struct timeval){left / 1000000, left % 1000000};
	evtimer_add(provider->pacer, &delay);
}

/* As all wait equally long between two deltas, whose turn it was comes last again. */
static void wait_for_turn(struct stream *stream)
{
	struct provider *provider = stream->provider;

	stream->due += provider->options.delay_ms * 1000LL;
	stream->paced = true;
	TAILQ_INSERT_TAIL(&provider->paced, stream, link);
}

static void take_turn(struct stream *stream, long long now)
{
	struct stats *stats = &stream->provider->stats;

	if (now - stream->due > stats->latest)
		stats->latest = now - stream->due;
	stop_pacing(stream);
	wait_for_turn(stream);
	send_next(stream);
}

/* Sends what was due when it was called; other work of the loop gets its turn in between. */
void stream_on_pace(evutil_socket_t fd, short what, void *ctx)
{
	struct provider *provider = ctx;
	struct stream *stream;
	long long now = stream_now_us();

	(void)fd;
	(void)what;
	while ((stream = TAILQ_FIRST(&provider->paced)) != NULL && stream->due <= now)
		take_turn(stream, now);
	arm_pacer(provider);
}

static void pace(struct stream *stream, long long now)
{
	bool first = TAILQ_EMPTY(&stream->provider->paced);

	stream->due = now;
	wait_for_turn(stream);
	if (first)
		arm_pacer(stream->provider);
}

static void count_start(struct stats *stats, long long now)
{
	if (stats->started++ == 0)
		stats->first_start = now;
	stats->last_start = now;
}

void stream_start(struct provider *provider, struct evhttp_request *request, struct span body,
    enum provider_api api)
{
	struct stream *stream = xcalloc(1, sizeof(*stream));
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	bool paced = provider->options.delay_ms != 0;
	long long now = stream_now_us();

	stream->provider = provider;
	stream->request = request;
	answer_init(&stream->answer, provider, body, api);
	events_prepare(stream);
	count_start(&provider->stats, now);
	if (!provider->options.quiet)
		log_info("%s: started", stream->answer.response_id);

	evhttp_add_header(headers, "content-type", "text/event-stream; charset=utf-8");
	evhttp_add_header(headers, "cache-control", "no-cache");
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_close, stream);
	evhttp_request_set_on_complete_cb(request, on_complete, stream);
	evhttp_send_reply_start(request, 200, "OK");
	events_first(&provider->events, stream);
	send_events(stream, paced ? NULL : send_ahead);
	if (paced)
		pace(stream, now);
}

unsigned long stats_open(const struct stats *stats)
{
	return stats->started - stats->finished - stats->closed_early;
}
