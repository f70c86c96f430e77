#include "answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"
#include "common/response/encrypted_content.h"

enum {
	/* A stream names its response in its first event; others may have something before it. */
	EVENTS_TO_READ = 4,
	MAX_EVENT = 16 << 20, /* bytes of one that is read for that */
	LARGE = 16384,        /* bytes that are worth a call of their own */
	GATHERED = 65536,     /* bytes of one that goes fast that are sent together */
	KEPT_ROOM = 4096,     /* bytes of a buffer that an open stream may keep */
};

/*
 * What clients are told of a provider's headers: what describes the body, what an error says about
 * trying again, and what it says about itself. Not those of a connection (RFC 9110 section 7.6.1),
 * nor cookies, nor what it says to caches: reply.c does that. A '*' at the end stands for anything.
 */
static const char *const passed_headers[] = {
    "anthropic-*",
    "apim-request-id",
    "azureml-model-session",
    "content-disposition",
    "content-encoding",
    "content-language",
    "openai-*",
    "ratelimit*",
    "request-id",
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

void answer_open(struct answer *answer)
{
	secret_mask_open(&answer->mask, answer->secrets);
	cgi_head_begin(&answer->head);
	cgi_head_set_request_id(&answer->head, answer->request_id);
}

static void end_reading_events(struct answer *answer)
{
	if (answer->events_to_read > 0)
		sse_free(&answer->events);
	answer->events_to_read = 0;
}

void answer_close(struct answer *answer)
{
	end_reading_events(answer);
	sealed_lines_close(&answer->sealed);
	secret_mask_close(&answer->mask);
	buf_free(&answer->body);
	buf_free(&answer->out);
	cgi_head_free(&answer->head);
}

static void report_id(struct answer *answer, struct span id)
{
	struct buf text = {0};

	if (json_decode(id, &text) && answer->on_id(answer->ctx, buf_span(&text)))
		answer->held_up = true;
	buf_free(&text);
}

static void report_sealed(void *ctx, struct span content)
{
	struct answer *answer = ctx;

	if (answer->on_sealed(answer->ctx, content))
		answer->held_up = true;
}

static bool on_event(void *ctx, struct span data)
{
	struct answer *answer = ctx;
	struct span response;

	if (!json_check(data, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return true;
	response = json_get(data, "response");
	if (json_type(response) != JSON_OBJECT)
		return --answer->events_to_read > 0;
	report_id(answer, json_get(response, "id"));
	answer->events_to_read = 0;
	return false;
}

static void read_events(struct answer *answer, struct span bytes)
{
	if (answer->events_to_read == 0)
		return;
	if (sse_feed(&answer->events, bytes) != SSE_OK)
		answer->events_to_read = 0;
	if (answer->events_to_read == 0)
		sse_free(&answer->events);
}

/* What is of interest of a body. */
struct members {
	struct span id, object, output;
};

/* False if it is no object, or no JSON. */
static bool read_members(struct members *members, struct span body)
{
	struct json_scan scan = json_open(body, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	while (json_member(&scan, &name, &value)) {
		if (json_raw_is(name, "id"))
			members->id = value;
		else if (json_raw_is(name, "object"))
			members->object = value;
		else if (json_raw_is(name, "output"))
			members->output = value;
	}
	return scan.error == NULL;
}

static void read_body(struct answer *answer)
{
	struct members members = {0};
	struct span body = buf_span(&answer->body);
	bool sealed = answer->on_sealed != NULL && encrypted_content_may_be_in(body);

	if ((answer->on_id == NULL && !sealed) || answer->status < 200 || answer->status > 299 ||
	    !read_members(&members, body))
		return;
	if (sealed)
		encrypted_content_each(members.output, report_sealed, answer);
	if (answer->on_id != NULL && json_string_is(members.object, "response"))
		report_id(answer, members.id);
}

/*
 * Whether it can be repeated: a line end in it would begin another header (RFC 9110 section 5), and
 * a secret is nobody's business.
 */
static bool is_clean(const struct answer *answer, const char *name, const char *value)
{
	static const char in_names[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (name[strspn(name, in_names)] != '\0')
		return false;
	for (const char *p = value; *p != '\0'; p++) {
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return false;
	}
	return !secrets_are_in(span_of(value), answer->secrets);
}

/* One alone: that by which the body is taken for a stream or not. */
static void pass_content_type(struct answer *answer)
{
	const char *type = NULL;

	curl_easy_getinfo(answer->easy, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL && is_clean(answer, "Content-Type", type))
		cgi_head_add(&answer->head, "Content-Type", type);
}

/* Those of a body that is not the provider's describe another one. */
static bool describes_body(const char *name)
{
	return strncasecmp(name, "content-", 8) == 0;
}

static void pass_headers(struct answer *answer, CURL *easy, bool is_made)
{
	struct curl_header *header = NULL;

	while ((header = curl_easy_nextheader(easy, CURLH_HEADER, -1, header)) != NULL) {
		if (!is_clean(answer, header->name, header->value) ||
		    (is_made && describes_body(header->name)))
			continue;
		if (strcasecmp(header->name, "x-request-id") == 0)
			cgi_head_set_request_id(&answer->head, header->value);
		else if (is_passed(header->name))
			cgi_head_add(&answer->head, header->name, header->value);
	}
}

static void begin(struct answer *answer)
{
	answer->begun = true;
	/* What web servers would hold back otherwise: nginx heeds this. */
	if (answer->is_stream)
		cgi_head_add(&answer->head, "X-Accel-Buffering", "no");
	cgi_head_end(&answer->head, (int)answer->status);
}

/* What has gathered, head and all. */
static struct span gathered(struct answer *answer)
{
	struct span out = buf_span(&answer->out);

	if (answer->head.text.len == 0)
		return out;
	buf_append_span(&answer->head.text, out);
	return buf_span(&answer->head.text);
}

static void forget_gathered(struct answer *answer)
{
	buf_free(&answer->head.text);
	buf_clear(&answer->out);
}

/* Sends what has gathered, and more behind it. */
static bool send_with(struct answer *answer, struct span more)
{
	bool sent = client_send(answer->client, gathered(answer), more);

	forget_gathered(answer);
	return sent;
}

static void send_last(struct answer *answer, struct span more)
{
	client_send_last(answer->client, gathered(answer), more);
	forget_gathered(answer);
}

bool answer_flush(struct answer *answer)
{
	if (!answer->begun || answer->held_up ||
	    (answer->out.len == 0 && answer->head.text.len == 0))
		return true;
	if (!send_with(answer, (struct span){0}))
		return false;
	if (answer->out.cap > KEPT_ROOM)
		buf_free(&answer->out);
	return true;
}

/* Small pieces wait for the next flush. */
static bool put(struct answer *answer, struct span bytes)
{
	if (answer->without_body)
		return true;
	if (bytes.len >= LARGE)
		return send_with(answer, bytes);
	buf_append_span(&answer->out, bytes);
	return answer->out.len < GATHERED || send_with(answer, (struct span){0});
}

static bool hand_on(struct answer *answer, struct span bytes)
{
	if (!answer->begun)
		begin(answer);
	return put(answer, secret_mask_next(&answer->mask, bytes));
}

static bool is_event_stream(CURL *easy)
{
	const char *type = NULL;

	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	return type != NULL && strncasecmp(type, "text/event-stream", 17) == 0;
}

void answer_on_head(struct answer *answer, CURL *easy, long status)
{
	answer->easy = easy;
	answer->status = status;
	answer->is_stream = status >= 200 && status <= 299 && is_event_stream(easy);
	/* libcurl forgets some of them with the end of the transfer. */
	pass_content_type(answer);
	pass_headers(answer, easy, false);
	if (answer->is_stream && answer->on_id != NULL) {
		answer->events_to_read = EVENTS_TO_READ;
		sse_init(&answer->events, MAX_EVENT, on_event, answer);
	}
	if (answer->is_stream && answer->on_sealed != NULL) {
		sealed_lines_open(&answer->sealed, report_sealed, answer);
		answer->lines.on_line = sealed_lines_note;
		answer->lines.ctx = &answer->sealed;
	}
}

void answer_on_made_head(
    struct answer *answer, CURL *easy, long status, const char *type, bool is_stream)
{
	answer->easy = NULL;
	answer->status = status;
	answer->is_stream = is_stream;
	cgi_head_add(&answer->head, "Content-Type", type);
	if (easy != NULL)
		pass_headers(answer, easy, true);
}

/* So that a client can tell that an answer of which it has the beginning is not whole. */
static void announce_length(struct answer *answer, curl_off_t length)
{
	char text[24];

	snprintf(text, sizeof(text), "%" CURL_FORMAT_CURL_OFF_T, length);
	cgi_head_add(&answer->head, "Content-Length", text);
}

static bool let_out_held(struct answer *answer)
{
	bool sent = hand_on(answer, buf_span(&answer->body));

	buf_free(&answer->body);
	return sent;
}

static bool hold(struct answer *answer, struct span bytes)
{
	curl_off_t length = -1;

	buf_append_span(&answer->body, bytes);
	if (answer->may_hold(answer->ctx, answer->body.len))
		return true;
	if (answer->easy != NULL)
		curl_easy_getinfo(answer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0)
		announce_length(answer, length);
	return let_out_held(answer);
}

static bool awaits_event(struct answer *answer, size_t more)
{
	answer->awaits_event = answer->awaits_event && answer->is_stream &&
			       !answer->lines.eventful &&
			       answer->may_hold(answer->ctx, answer->body.len + more);
	return answer->awaits_event;
}

bool answer_on_body(struct answer *answer, struct span bytes)
{
	if (!answer->is_stream && !answer->begun)
		return hold(answer, bytes);
	if (answer->is_stream)
		event_lines_note(&answer->lines, bytes);
	read_events(answer, bytes);
	if (!answer->held_up && !awaits_event(answer, bytes.len)) {
		if (answer->body.len > 0 && !let_out_held(answer))
			return false;
		return hand_on(answer, bytes);
	}
	buf_append_span(&answer->body, bytes);
	return true;
}

bool answer_go_on(struct answer *answer)
{
	answer->held_up = false;
	if (answer->is_stream && answer->body.len > 0 && !let_out_held(answer))
		return false;
	return answer_flush(answer);
}

void answer_note_whole(struct answer *answer)
{
	if (!answer->begun && !answer->is_stream)
		read_body(answer);
}

void answer_finish(struct answer *answer)
{
	struct span body = {0};

	if (!answer->begun && !answer->is_stream) {
		if (answer->status != 204 && answer->status != 304)
			announce_length(answer, (curl_off_t)answer->body.len);
		body = secret_mask_next(&answer->mask, buf_span(&answer->body));
	}
	if (!answer->begun)
		begin(answer);
	if (answer->is_stream && answer->body.len > 0)
		let_out_held(answer);
	if (answer->without_body)
		body = (struct span){0};
	else if (body.len < LARGE)
		buf_append_span(&answer->out, body);
	else
		send_with(answer, body);
	buf_free(&answer->body);
	if (!answer->without_body)
		buf_append_span(&answer->out, secret_mask_rest(&answer->mask));
	send_last(answer, (struct span){0});
}

/* Appends what both forms have, and the brace behind it. */
static void write_error_members(struct buf *out, const char *code, const char *message)
{
	buf_puts(out, "\"code\":");
	json_quote(out, span_of(code));
	buf_puts(out, ",\"message\":");
	json_quote(out, span_of(message));
	buf_puts(out, ",\"param\":null}");
}

/* In the place of a chunk. */
static void write_error_chunk(
    struct buf *event, const char *type, const char *code, const char *message)
{
	buf_printf(event, "data: {\"error\":{\"type\":\"%s\",", type);
	write_error_members(event, code, message);
	buf_puts(event, "}\n\n");
}

/* The form that all clients understand: some look for the members, others for a nested error. */
static void write_error_event(
    struct buf *event, long long number, const char *type, const char *code, const char *message)
{
	struct buf members = {0};

	write_error_members(&members, code, message);
	buf_printf(event,
	    "event: error\ndata: {\"type\":\"error\",\"sequence_number\":%lld,"
	    "\"error\":{\"type\":\"%s\",",
	    number, type);
	buf_append_span(event, buf_span(&members));
	buf_putc(event, ',');
	buf_append_span(event, buf_span(&members));
	buf_puts(event, "\n\n");
	buf_free(&members);
}

/* An event can only follow a blank line. */
bool answer_break_off(
    struct answer *answer, const char *type, const char *code, const char *message)
{
	struct buf event = {0};

	if (!answer->is_stream || !event_lines_between_events(&answer->lines))
		return false;
	if (answer->is_chat)
		write_error_chunk(&event, type, code, message);
	else
		write_error_event(
		    &event, event_lines_next_number(&answer->lines), type, code, message);
	if (answer->without_body)
		buf_clear(&event);
	send_last(answer, buf_span(&event));
	buf_free(&event);
	return true;
}

bool answer_is_complete(const struct answer *answer)
{
	return answer->lines.complete;
}
