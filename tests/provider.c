/*
 * A provider that streams made-up answers, for the quick start and for benchmarks.
 *
 * POST /v1/responses answers as the Responses API does, as a stream of events or as one object;
 * POST /v1/chat/completions and /v1/messages likewise as OpenAI's other and Anthropic's API do.
 * The deltas of a stream come one by one, each after a delay. When each is due is counted from the
 * stream's beginning, so that a late one does not delay those after it.
 * GET /stats tells how many streams began and how they ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "common/base/alloc.h"
#include "common/response/api_error.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "provider_dialects.h"

enum {
	MAX_REQUEST = 64 << 20,
	MAX_HEADERS = 64 << 10,
	MAX_DELTA = 1 << 20,
	MAX_ANSWER = 1 << 30,
	BACKLOG = 4096,
	SEND_AHEAD = 64 << 10, /* bytes of a stream without delay that are written at once */
	SEND_LIMIT = 1 << 20,  /* unsent bytes of a stream that has to wait for its reader */
	EXCERPT_MAX = 60,
	ID_SIZE = 40,
	STAMP_BYTES = 32,
};

struct options {
	int port;
	int delay_ms;
	long deltas;      /* 0: as many as the text has words */
	long delta_bytes; /* 0: one word each */
	bool stamped;
	bool quiet;
};

/* Times are of the monotonic clock, in microseconds. */
struct stats {
	unsigned long started, finished, closed_early, deltas;
	long long first_start, last_start;
	long long latest; /* by how much a delta was sent too late, at most */
};

TAILQ_HEAD(stream_queue, stream);

struct provider {
	struct options options;
	struct event_base *base;
	struct stream_queue paced; /* the stream whose next delta is due first is first */
	struct event *pacer;       /* for that one */
	struct buf pattern;        /* what every stream says when delta_bytes is set */
	struct buf events;         /* on their way into a reply */
	struct stats stats;
	unsigned long serial;
};

/* What one request is answered with. */
struct answer {
	enum provider_api api;
	struct buf model; /* a JSON string */
	char response_id[ID_SIZE];
	char item_id[ID_SIZE];
	struct buf members;  /* of the Response object that never change */
	struct buf own_text; /* unless the provider's pattern is the text */
	struct span text;    /* without anything that a JSON string would have to escape */
	unsigned long serial;
	long delta_count;
	size_t input_bytes;
	time_t created_at;
};

struct stream {
	struct provider *provider;
	struct evhttp_request *request;
	TAILQ_ENTRY(stream) link; /* of provider->paced */
	bool paced;               /* is in it */
	long long due;            /* us: the next delta */
	struct answer answer;
	struct buf delta_head; /* a delta's event up to its text */
	size_t said;           /* bytes of the text */
	long deltas;
	long sequence;
	bool ended; /* the last event is written; the request is evhttp's again */
};

static long long now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* ---- the text -------------------------------------------------------------------------------- */

static const char story[] =
    "What you read arrives word by word, each word as an event of its own, the way a real provider "
    "sends it. The supervisor folds the events into one Response object and writes to Redis only "
    "what is new, several times a second. Every poll reads that object as it stands, so the text "
    "grows while you watch. When the last word has come, the status turns to completed. ";

static const char alphabet[] = "The quick brown fox jumps over the lazy dog 0123456789. ";

static size_t word_end(struct span text, size_t from)
{
	while (from < text.len && text.p[from] == ' ')
		from++;
	while (from < text.len && text.p[from] != ' ')
		from++;
	return from;
}

static long count_words(struct span text)
{
	long words = 0;
	size_t pos;

	for (pos = 0; pos < text.len; pos = word_end(text, pos))
		words++;
	return words;
}

/* Appends what a client sent so that it can stand in any string: printable ASCII without quotes. */
static void append_excerpt(struct buf *out, struct span text)
{
	size_t i;

	for (i = 0; i < text.len && i < EXCERPT_MAX; i++) {
		char c = text.p[i];

		buf_putc(out, c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?');
	}
	if (i < text.len)
		buf_puts(out, "…");
}

static void append_introduction(struct buf *out, struct span model, struct span input)
{
	struct buf decoded = {0};

	buf_puts(out, "This is the stand-in provider, and no model was asked. You wanted “");
	json_decode(model, &decoded);
	append_excerpt(out, buf_span(&decoded));
	buf_clear(&decoded);
	if (json_decode(input, &decoded)) {
		buf_puts(out, "” to answer “");
		append_excerpt(out, buf_span(&decoded));
		buf_puts(out, "”. ");
	} else {
		buf_printf(out, "” to answer an input of %zu bytes. ", input.len);
	}
	buf_free(&decoded);
}

/* The introduction and the story: once, or cut or repeated to a number of words. */
static void write_words(struct buf *out, long words, struct span model, struct span input)
{
	size_t end = 0;
	long i;

	append_introduction(out, model, input);
	buf_puts(out, story);
	if (words == 0)
		end = out->len - 1;
	for (i = 0; i < words; i++) {
		if (end + sizeof(story) / 2 > out->len)
			buf_puts(out, story);
		end = word_end(buf_span(out), end);
	}
	out->len = end;
}

static void write_pattern(struct buf *out, size_t size)
{
	while (out->len + sizeof(alphabet) - 1 < size)
		buf_puts(out, alphabet);
	buf_append(out, alphabet, size - out->len);
}

/* Says when it is sent, and of which stream the how manyth it is. STAMP_BYTES long. */
static void append_stamp(struct buf *out, unsigned long serial, long index, long long time)
{
	buf_printf(out, "<%05lu %07ld %016lld>", serial % 100000, index % 10000000, time);
}

static struct span next_delta(const struct options *options, struct span text, size_t said)
{
	size_t end = said + (size_t)options->delta_bytes;

	if (options->delta_bytes == 0)
		end = word_end(text, said);
	return (struct span){text.p + said, end - said};
}

/* ---- the Response object --------------------------------------------------------------------- */

struct member {
	const char *name;
	const char *value; /* unless the request has another */
};

static const struct member members[] = {
    {"background", "false"},
    {"error", "null"},
    {"frequency_penalty", "0.0"},
    {"incomplete_details", "null"},
    {"instructions", "null"},
    {"max_output_tokens", "null"},
    {"max_tool_calls", "null"},
    {"metadata", "{}"},
    {"model", "null"},
    {"parallel_tool_calls", "true"},
    {"presence_penalty", "0.0"},
    {"previous_response_id", "null"},
    {"prompt_cache_key", "null"},
    {"reasoning", "{\"effort\":null,\"summary\":null}"},
    {"safety_identifier", "null"},
    {"service_tier", "\"default\""},
    {"store", "true"},
    {"temperature", "1.0"},
    {"text", "{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"}"},
    {"tool_choice", "\"auto\""},
    {"tools", "[]"},
    {"top_logprobs", "0"},
    {"top_p", "1.0"},
    {"truncation", "\"disabled\""},
    {"user", "null"},
};

static void append_members(struct buf *out, struct span request)
{
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct span value = json_get(request, members[i].name);

		if (value.len == 0)
			value = span_of(members[i].value);
		buf_printf(out, ",\"%s\":", members[i].name);
		json_canonical(out, value);
	}
}

static void append_part(struct buf *out, struct span text)
{
	buf_puts(out, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"");
	buf_append_span(out, text);
	buf_puts(out, "\"}");
}

/* The one output item; without a text it has no part yet. */
static void append_item(struct buf *out, const struct answer *answer, bool finished)
{
	buf_printf(out, "{\"id\":\"%s\",\"type\":\"message\",\"status\":\"%s\",\"content\":[",
	    answer->item_id, finished ? "completed" : "in_progress");
	if (finished)
		append_part(out, answer->text);
	buf_puts(out, "],\"role\":\"assistant\"}");
}

static void append_usage(struct buf *out, const struct answer *answer)
{
	size_t input_tokens = answer->input_bytes / 4 + 1;

	buf_printf(out,
	    "{\"input_tokens\":%zu,\"input_tokens_details\":{\"cached_tokens\":0},"
	    "\"output_tokens\":%ld,\"output_tokens_details\":{\"reasoning_tokens\":0},"
	    "\"total_tokens\":%zu}",
	    input_tokens, answer->delta_count, input_tokens + (size_t)answer->delta_count);
}

static void append_response(struct buf *out, const struct answer *answer, bool finished)
{
	buf_printf(out, "{\"id\":\"%s\",\"object\":\"response\",\"created_at\":%lld,",
	    answer->response_id, (long long)answer->created_at);
	if (finished)
		buf_printf(
		    out, "\"status\":\"completed\",\"completed_at\":%lld", (long long)time(NULL));
	else
		buf_puts(out, "\"status\":\"in_progress\",\"completed_at\":null");
	buf_append_span(out, buf_span(&answer->members));
	buf_puts(out, ",\"output\":[");
	if (finished)
		append_item(out, answer, true);
	buf_puts(out, "],\"usage\":");
	if (finished)
		append_usage(out, answer);
	else
		buf_puts(out, "null");
	buf_putc(out, '}');
}

static void answer_init(
    struct answer *answer, struct provider *provider, struct span request, enum provider_api api)
{
	const struct options *options = &provider->options;
	struct span input = json_get(request, api == API_RESPONSES ? "input" : "messages");

	*answer = (struct answer){.api = api, .created_at = time(NULL), .input_bytes = input.len};
	json_canonical(&answer->model, json_get(request, "model"));
	answer->serial = ++provider->serial;
	snprintf(answer->response_id, ID_SIZE, "resp_%08lx%08lx%08lx", (long)answer->created_at,
	    (long)getpid(), provider->serial);
	snprintf(answer->item_id, ID_SIZE, "msg_%s", answer->response_id + strlen("resp_"));
	if (api == API_RESPONSES)
		append_members(&answer->members, request);
	if (options->stamped) {
		answer->delta_count = options->deltas;
		return;
	}
	if (options->delta_bytes != 0) {
		answer->text = buf_span(&provider->pattern);
		answer->delta_count = options->deltas;
		return;
	}
	write_words(&answer->own_text, options->deltas, json_get(request, "model"), input);
	answer->text = buf_span(&answer->own_text);
	answer->delta_count = count_words(answer->text);
}

static struct told told_of(const struct answer *answer)
{
	return (struct told){
	    .id = answer->response_id,
	    .model = buf_span(&answer->model),
	    .created_at = answer->created_at,
	    .input_tokens = answer->input_bytes / 4 + 1,
	    .output_tokens = answer->delta_count,
	};
}

static void answer_free(struct answer *answer)
{
	buf_free(&answer->model);
	buf_free(&answer->members);
	buf_free(&answer->own_text);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void open_event(struct buf *out, struct stream *stream, const char *type)
{
	buf_printf(out, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%ld", type, type,
	    stream->sequence++);
}

static void close_event(struct buf *out)
{
	buf_puts(out, "}\n\n");
}

static void response_event(struct buf *out, struct stream *stream, const char *type, bool finished)
{
	open_event(out, stream, type);
	buf_puts(out, ",\"response\":");
	append_response(out, &stream->answer, finished);
	close_event(out);
}

static void item_event(struct buf *out, struct stream *stream, const char *type, bool finished)
{
	open_event(out, stream, type);
	buf_puts(out, ",\"output_index\":0,\"item\":");
	append_item(out, &stream->answer, finished);
	close_event(out);
}

static void append_place(struct buf *out, const struct stream *stream)
{
	buf_printf(out, ",\"item_id\":\"%s\",\"output_index\":0,\"content_index\":0",
	    stream->answer.item_id);
}

static void part_event(struct buf *out, struct stream *stream, const char *type, struct span text)
{
	open_event(out, stream, type);
	append_place(out, stream);
	buf_puts(out, ",\"part\":");
	append_part(out, text);
	close_event(out);
}

static void text_done_event(struct buf *out, struct stream *stream)
{
	open_event(out, stream, "response.output_text.done");
	append_place(out, stream);
	buf_puts(out, ",\"logprobs\":[],\"text\":\"");
	buf_append_span(out, stream->answer.text);
	buf_putc(out, '"');
	close_event(out);
}

static void prepare_delta_events(struct stream *stream)
{
	struct told told = told_of(&stream->answer);

	if (stream->answer.api != API_RESPONSES) {
		tell_delta_head(&stream->delta_head, stream->answer.api, &told);
		return;
	}
	buf_puts(&stream->delta_head, "event: response.output_text.delta\n"
				      "data: {\"type\":\"response.output_text.delta\"");
	append_place(&stream->delta_head, stream);
	buf_puts(&stream->delta_head, ",\"logprobs\":[],\"delta\":\"");
}

/* Makes a stamp and adds it to what the answer says. */
static struct span stamp(struct stream *stream)
{
	struct answer *answer = &stream->answer;

	append_stamp(&answer->own_text, answer->serial, stream->deltas, now_us());
	answer->text = buf_span(&answer->own_text);
	return (struct span){answer->text.p + stream->said, STAMP_BYTES};
}

static void delta_event(struct buf *out, struct stream *stream)
{
	const struct options *options = &stream->provider->options;
	struct span delta = options->stamped
				? stamp(stream)
				: next_delta(options, stream->answer.text, stream->said);

	buf_append_span(out, buf_span(&stream->delta_head));
	buf_append_span(out, delta);
	if (stream->answer.api != API_RESPONSES)
		tell_delta_tail(out, stream->answer.api);
	else
		buf_printf(out, "\",\"sequence_number\":%ld}\n\n", stream->sequence++);
	stream->said += delta.len;
	stream->deltas++;
	stream->provider->stats.deltas++;
}

static void first_events(struct buf *out, struct stream *stream)
{
	struct told told = told_of(&stream->answer);

	if (stream->answer.api != API_RESPONSES) {
		tell_first_events(out, stream->answer.api, &told);
		return;
	}
	response_event(out, stream, "response.created", false);
	response_event(out, stream, "response.in_progress", false);
	item_event(out, stream, "response.output_item.added", false);
	part_event(out, stream, "response.content_part.added", SPAN(""));
}

static void last_events(struct buf *out, struct stream *stream)
{
	struct told told = told_of(&stream->answer);

	if (stream->answer.api != API_RESPONSES) {
		tell_last_events(out, stream->answer.api, &told);
		return;
	}
	text_done_event(out, stream);
	part_event(out, stream, "response.content_part.done", stream->answer.text);
	item_event(out, stream, "response.output_item.done", true);
	response_event(out, stream, "response.completed", true);
}

/* ---- a stream -------------------------------------------------------------------------------- */

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
	last_events(&stream->provider->events, stream);
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
		delta_event(events, stream);
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
	delta_event(&stream->provider->events, stream);
	send_events(stream, NULL);
}

static void arm_pacer(struct provider *provider)
{
	const struct stream *first = TAILQ_FIRST(&provider->paced);
	struct timeval delay = {0, 0};
	long long left;

	if (first == NULL)
		return;
	left = first->due - now_us();
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
static void on_pace(evutil_socket_t fd, short what, void *ctx)
{
	struct provider *provider = ctx;
	struct stream *stream;
	long long now = now_us();

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

static void start_stream(struct provider *provider, struct evhttp_request *request,
    struct span body, enum provider_api api)
{
	struct stream *stream = xcalloc(1, sizeof(*stream));
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	bool paced = provider->options.delay_ms != 0;
	long long now = now_us();

	stream->provider = provider;
	stream->request = request;
	answer_init(&stream->answer, provider, body, api);
	prepare_delta_events(stream);
	count_start(&provider->stats, now);
	if (!provider->options.quiet)
		log_info("%s: started", stream->answer.response_id);

	evhttp_add_header(headers, "content-type", "text/event-stream; charset=utf-8");
	evhttp_add_header(headers, "cache-control", "no-cache");
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_close, stream);
	evhttp_request_set_on_complete_cb(request, on_complete, stream);
	evhttp_send_reply_start(request, 200, "OK");
	first_events(&provider->events, stream);
	send_events(stream, paced ? NULL : send_ahead);
	if (paced)
		pace(stream, now);
}

/* ---- requests -------------------------------------------------------------------------------- */

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
	told = told_of(&answer);
	if (api == API_RESPONSES)
		append_response(&json, &answer, true);
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
		start_stream(provider, request, body, api);
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

static unsigned long open_streams(const struct stats *stats)
{
	return stats->started - stats->finished - stats->closed_early;
}

static void on_stats(struct evhttp_request *request, void *ctx)
{
	const struct stats *stats = &((struct provider *)ctx)->stats;
	struct buf json = {0};

	buf_printf(&json, "{\"started\":%lu,\"finished\":%lu,\"closed_early\":%lu,\"open\":%lu,",
	    stats->started, stats->finished, stats->closed_early, open_streams(stats));
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

/* ---- the program ----------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
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

static struct evhttp *serve(struct provider *provider)
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

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("cannot raise the limit of open files to %llu",
		    (unsigned long long)limit.rlim_max);
}

static _Noreturn void usage(FILE *out, int status)
{
	fputs("usage: provider [-p PORT] [-d DELAY_MS] [-n DELTAS] [-b BYTES_PER_DELTA | -t] [-q]\n"
	      "  -p  port on 127.0.0.1; 0, the default: any that is free\n"
	      "  -d  between two deltas of a stream, 50 by default; 0: as fast as they are read\n"
	      "  -n  deltas of an answer; by default a short text, or 100 with -b or -t\n"
	      "  -b  size of a delta; by default a word\n"
	      "  -t  each delta says which it is and when it is sent: <STREAM INDEX MICROSECONDS>\n"
	      "  -q  log no line for each stream\n",
	    out);
	exit(status);
}

static long number(int option, const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		fatalx("-%c %s: expected a number from %ld to %ld", option, text, min, max);
	return value;
}

static void parse_options(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.delay_ms = 50};
	while ((option = getopt(argc, argv, "p:d:n:b:tqh")) != -1) {
		switch (option) {
		case 'p':
			options->port = (int)number(option, optarg, 0, 65535);
			break;
		case 'd':
			options->delay_ms = (int)number(option, optarg, 0, 3600000);
			break;
		case 'n':
			options->deltas = number(option, optarg, 1, 10000000);
			break;
		case 'b':
			options->delta_bytes = number(option, optarg, 1, MAX_DELTA);
			break;
		case 't':
			options->stamped = true;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'h':
			usage(stdout, 0);
		default:
			usage(stderr, 2);
		}
	}
	if (optind != argc || (options->stamped && options->delta_bytes != 0))
		usage(stderr, 2);
	if ((options->stamped || options->delta_bytes != 0) && options->deltas == 0)
		options->deltas = 100;
	if (options->deltas * options->delta_bytes > MAX_ANSWER)
		fatalx("-n %ld -b %ld: expected at most %d bytes in all", options->deltas,
		    options->delta_bytes, MAX_ANSWER);
}

/* Its timers are exact to the microsecond, not to the millisecond. */
static void open_loop(struct provider *provider)
{
	struct event_config *config = event_config_new();

	if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) != 0)
		fatalx("cannot set up an event loop");
	provider->base = event_base_new_with_config(config);
	event_config_free(config);
	if (provider->base == NULL)
		fatalx("cannot set up an event loop");
	TAILQ_INIT(&provider->paced);
	provider->pacer = evtimer_new(provider->base, on_pace, provider);
	if (provider->pacer == NULL)
		fatalx("cannot set a timer");
}

int main(int argc, char **argv)
{
	struct provider provider = {0};
	struct event *term, *interrupt;
	struct evhttp *http;

	log_open("provider");
	parse_options(&provider.options, argc, argv);
	raise_file_limit();
	signal(SIGPIPE, SIG_IGN);
	write_pattern(
	    &provider.pattern, (size_t)(provider.options.deltas * provider.options.delta_bytes));
	open_loop(&provider);
	term = evsignal_new(provider.base, SIGTERM, on_signal, provider.base);
	interrupt = evsignal_new(provider.base, SIGINT, on_signal, provider.base);
	if (term == NULL || interrupt == NULL || event_add(term, NULL) != 0 ||
	    event_add(interrupt, NULL) != 0)
		fatalx("cannot handle signals");
	http = serve(&provider);
	event_base_dispatch(provider.base);

	printf("streams: %lu started, %lu finished, %lu closed early, %lu open\n",
	    provider.stats.started, provider.stats.finished, provider.stats.closed_early,
	    open_streams(&provider.stats));
	provider.options.quiet = true;
	evhttp_free(http);
	event_free(provider.pacer);
	event_free(term);
	event_free(interrupt);
	event_base_free(provider.base);
	buf_free(&provider.pattern);
	buf_free(&provider.events);
	return 0;
}
