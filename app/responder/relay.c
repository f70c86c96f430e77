#include "relay.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"

enum {
	/* A stream names its response in its first event; others may have something before it. */
	EVENTS_TO_READ = 4,
	MAX_EVENT = 16 << 20, /* bytes of one that is read for that */
};

/*
 * What clients are told of a provider's headers: what describes the body, what an error says about
 * trying again, and what it says about itself. Not those of a connection (RFC 9110 section 7.6.1),
 * nor cookies, nor what it says to caches: reply.c does that. A '*' at the end stands for anything.
 */
static const char *const passed_headers[] = {
    "apim-request-id",
    "azureml-model-session",
    "content-disposition",
    "content-encoding",
    "content-language",
    "openai-*",
    "ratelimit*",
    "retry-after",
    "retry-after-ms",
    "x-groq-*",
    "x-ms-region",
    "x-ms-request-id",
    "x-ratelimit-*",
    "x-should-retry",
};

static bool is_passed(const char *name)
{
	for (size_t i = 0; i < sizeof(passed_headers) / sizeof(passed_headers[0]); i++) {
		const char *passed = passed_headers[i];
		size_t len = strlen(passed);

		if (passed[len - 1] == '*' ? strncasecmp(name, passed, len - 1) == 0
					   : strcasecmp(name, passed) == 0)
			return true;
	}
	return false;
}

void relay_open(struct relay *relay, struct buf *body)
{
	relay->body = body;
	buf_clear(body);
	relay->after_blank = true;
	secret_mask_open(&relay->mask, relay->secrets);
}

static void end_reading_events(struct relay *relay)
{
	if (relay->events_to_read > 0)
		sse_free(&relay->events);
	relay->events_to_read = 0;
}

void relay_close(struct relay *relay)
{
	end_reading_events(relay);
	secret_mask_close(&relay->mask);
}

/* ---- the created response's id --------------------------------------------------------------- */

static void report_id(struct relay *relay, struct span response)
{
	struct span id = json_get(response, "id");
	struct buf text = {0};

	if (json_decode(id, &text))
		relay->on_id(relay->ctx, buf_span(&text));
	buf_free(&text);
}

static bool on_event(void *ctx, struct span data)
{
	struct relay *relay = ctx;
	struct span response;

	if (!json_check(data, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return true;
	response = json_get(data, "response");
	if (json_type(response) != JSON_OBJECT)
		return --relay->events_to_read > 0;
	report_id(relay, response);
	relay->events_to_read = 0;
	return false;
}

static void read_events(struct relay *relay, struct span bytes)
{
	if (relay->events_to_read == 0)
		return;
	if (sse_feed(&relay->events, bytes) != SSE_OK)
		relay->events_to_read = 0;
	if (relay->events_to_read == 0)
		sse_free(&relay->events);
}

static void read_body(struct relay *relay)
{
	struct span body = buf_span(relay->body);

	if (relay->on_id == NULL || relay->status < 200 || relay->status > 299 ||
	    !json_check(body, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return;
	if (json_string_is(json_get(body, "object"), "response"))
		report_id(relay, body);
}

/* ---- sending --------------------------------------------------------------------------------- */

/*
 * Whether it can be repeated: a line end in it would begin another header (RFC 9110 section 5), and
 * a secret is nobody's business.
 */
static bool is_clean(const struct relay *relay, const char *name, const char *value)
{
	static const char in_names[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (name[strspn(name, in_names)] != '\0')
		return false;
	for (const char *p = value; *p != '\0'; p++) {
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return false;
	}
	return !secrets_are_in(span_of(value), relay->secrets);
}

/* One alone: that by which the body is taken for a stream or not. */
static void pass_content_type(struct relay *relay)
{
	const char *type = NULL;

	curl_easy_getinfo(relay->easy, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL && is_clean(relay, "Content-Type", type))
		reply_header(relay->reply, "Content-Type", type);
}

static void pass_headers(struct relay *relay)
{
	struct curl_header *header = NULL;

	while ((header = curl_easy_nextheader(relay->easy, CURLH_HEADER, -1, header)) != NULL) {
		if (!is_clean(relay, header->name, header->value))
			continue;
		if (strcasecmp(header->name, "x-request-id") == 0)
			reply_set_request_id(relay->reply, header->value);
		else if (is_passed(header->name))
			reply_header(relay->reply, header->name, header->value);
	}
}

static bool begin(struct relay *relay)
{
	relay->begun = true;
	pass_content_type(relay);
	pass_headers(relay);
	/* What web servers would hold back otherwise: nginx heeds this. */
	if (relay->is_stream)
		reply_header(relay->reply, "X-Accel-Buffering", "no");
	return reply_relay_head(relay->reply, (int)relay->status);
}

/* Takes a prefix off a line. */
static bool skip(struct span *line, const char *prefix)
{
	size_t len = strlen(prefix);

	if (line->len < len || memcmp(line->p, prefix, len) != 0)
		return false;
	line->p += len;
	line->len -= len;
	return true;
}

/* What begins the line that tells an event's type: its own, or that of JSON without one. */
static const char *const type_lines[] = {
    "event: ", "event:", "data: {\"type\":\"", "data: {\"type\": \"", "data:{\"type\":\""};

/* Nothing of interest follows these. */
static const char *const last_types[] = {
    "response.completed", "response.failed", "response.incomplete", "response.cancelled"};

static bool is_last_type(struct span type)
{
	for (size_t i = 0; i < sizeof(last_types) / sizeof(last_types[0]); i++) {
		struct span rest = type;

		if (skip(&rest, last_types[i]))
			return rest.len == 0 || rest.p[0] == '"' || rest.p[0] == '\r';
	}
	return false;
}

/* Whether a line, of which this is the beginning, says that its event is the stream's last. */
static bool says_last(struct span line)
{
	struct span rest = line;

	if (skip(&rest, "data: [DONE]"))
		return true;
	for (size_t i = 0; i < sizeof(type_lines) / sizeof(type_lines[0]); i++) {
		rest = line;
		if (skip(&rest, type_lines[i]))
			return is_last_type(rest);
	}
	return false;
}

static void end_line(struct relay *relay)
{
	struct span line = {relay->line, relay->line_len};

	relay->line_len = 0;
	relay->after_blank = line.len == 0 || span_is(line, "\r");
	if (relay->after_blank)
		relay->complete = relay->complete || relay->last_event;
	else
		relay->last_event = relay->last_event || says_last(line);
}

static void note_lines(struct relay *relay, struct span bytes)
{
	const char *end;

	do {
		size_t room = RELAY_LINE_MAX - relay->line_len;
		size_t len;

		end = memchr(bytes.p, '\n', bytes.len);
		len = end != NULL ? (size_t)(end - bytes.p) : bytes.len;
		memcpy(relay->line + relay->line_len, bytes.p, len < room ? len : room);
		relay->line_len += len < room ? len : room;
		if (end == NULL)
			return;
		end_line(relay);
		bytes.p += len + 1;
		bytes.len -= len + 1;
	} while (bytes.len > 0);
}

static bool send_bytes(struct relay *relay, struct span bytes)
{
	if (bytes.len == 0)
		return true;
	if (relay->is_stream)
		note_lines(relay, bytes);
	return reply_relay_body(relay->reply, bytes);
}

static bool hand_on(struct relay *relay, struct span bytes)
{
	if (!relay->begun && !begin(relay))
		return false;
	return send_bytes(relay, secret_mask_next(&relay->mask, bytes));
}

/* ---- what comes in --------------------------------------------------------------------------- */

static bool is_event_stream(CURL *easy)
{
	const char *type = NULL;

	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	return type != NULL && strncasecmp(type, "text/event-stream", 17) == 0;
}

void relay_on_head(struct relay *relay, CURL *easy, long status)
{
	relay->easy = easy;
	relay->status = status;
	relay->is_stream = status >= 200 && status <= 299 && is_event_stream(easy);
	if (relay->is_stream && relay->on_id != NULL) {
		relay->events_to_read = EVENTS_TO_READ;
		sse_init(&relay->events, MAX_EVENT, on_event, relay);
	}
}

/* So that a client can tell that an answer of which it has the beginning is not whole. */
static void announce_length(struct relay *relay, curl_off_t length)
{
	char text[24];

	snprintf(text, sizeof(text), "%" CURL_FORMAT_CURL_OFF_T, length);
	reply_header(relay->reply, "Content-Length", text);
}

static bool hold(struct relay *relay, struct span bytes)
{
	curl_off_t length = -1;
	bool sent;

	buf_append_span(relay->body, bytes);
	if (relay->body->len <= relay->max_held)
		return true;
	curl_easy_getinfo(relay->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0)
		announce_length(relay, length);
	sent = hand_on(relay, buf_span(relay->body));
	buf_free(relay->body);
	return sent;
}

bool relay_on_body(struct relay *relay, struct span bytes)
{
	if (!relay->is_stream && !relay->begun)
		return hold(relay, bytes);
	read_events(relay, bytes);
	return hand_on(relay, bytes);
}

bool relay_on_idle(struct relay *relay)
{
	return !relay->begun || reply_flush(relay->reply);
}

static void send_whole(struct relay *relay)
{
	read_body(relay);
	if (relay->status != 204 && relay->status != 304)
		announce_length(relay, (curl_off_t)relay->body->len);
	hand_on(relay, buf_span(relay->body));
}

void relay_finish(struct relay *relay)
{
	if (!relay->begun && relay->is_stream)
		begin(relay);
	else if (!relay->begun)
		send_whole(relay);
	send_bytes(relay, secret_mask_rest(&relay->mask));
}

/* An event can only follow a blank line. */
bool relay_break_off(struct relay *relay, const char *code, const char *message)
{
	struct buf event = {0};
	bool sent;

	if (!relay->is_stream || !relay->after_blank || relay->line_len != 0)
		return false;
	buf_puts(&event, "event: error\ndata: {\"type\":\"error\",\"code\":");
	json_quote(&event, span_of(code));
	buf_puts(&event, ",\"message\":");
	json_quote(&event, span_of(message));
	buf_puts(&event, ",\"param\":null}\n\n");
	sent = send_bytes(relay, buf_span(&event));
	buf_free(&event);
	return sent;
}
