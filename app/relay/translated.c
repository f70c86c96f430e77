#include "translated.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/config/dialect.h"
#include "common/provider/provider_error.h"
#include "common/provider/transfer.h"
#include "common/response/create_request.h"
#include "common/response/event.h"
#include "common/response/fold_lifecycle.h"
#include "common/response/response_error.h"
#include "common/response/response_id.h"

enum {
	MOST_BEGINNING = 64 * 1024, /* bytes of an error, or of events before one is known */
	QUIET_SECONDS = 15,         /* a client that hears nothing for longer may give up */
};

/* The event goes to the client with what follows soon. */
static void send_text(struct translated *translated)
{
	answer_on_body(translated->answer, buf_span(&translated->text));
	buf_clear(&translated->text);
	translated->sent_at = monotonic_seconds();
}

/*
 * Pings, and what is held back until it is whole, are no events: who stands between here and the
 * client is to see all the same that the stream lives, by a comment.
 */
static void show_life(struct translated *translated)
{
	if (!translated->streams || !translated->answer->begun || translated->over ||
	    monotonic_seconds() - translated->sent_at < QUIET_SECONDS)
		return;
	buf_puts(&translated->text, ":\n\n");
	send_text(translated);
}

/* An event about the whole response, with the object as it stands. */
static void send_object_event(struct translated *translated, const char *type)
{
	struct response_event event = {.type = event_type_find(span_of(type))};

	event.members[EVENT_RESPONSE] = buf_span(&translated->fold.doc.text);
	event_write(&translated->text, &event, translated->number++);
	send_text(translated);
}

/* builder.on_begin */
static void on_begin(void *ctx)
{
	send_object_event(ctx, "response.created");
	send_object_event(ctx, "response.in_progress");
}

/* builder.on_event */
static void on_made_event(void *ctx, const struct response_event *event)
{
	struct translated *translated = ctx;

	event_write(&translated->text, event, translated->number++);
	send_text(translated);
}

/* The object as it is before anything has come; false if the request is none. */
static bool open_object(struct translated *translated, struct span body)
{
	struct create_request request;
	struct api_error error;
	struct buf object = {0}, continued = {0};
	char id[RESPONSE_ID_SIZE];
	bool opened;

	if (!create_request_parse(&request, body, &error))
		return false;
	request.fields[RESPONSE_BACKGROUND] = SPAN("false");
	if (translated->continued_id[0] != '\0') {
		json_quote(&continued, span_of(translated->continued_id));
		request.fields[RESPONSE_PREVIOUS_RESPONSE_ID] = buf_span(&continued);
	}
	response_id_generate_unkept(id);
	response_initial(&object, id, time(NULL), request.fields);
	create_request_free(&request);
	opened = fold_open(&translated->fold, buf_span(&object));
	buf_free(&object);
	buf_free(&continued);
	return opened;
}

static bool on_event(void *ctx, struct span data);

bool translated_open(struct translated *translated, const struct deployment *deployment,
    const char *model, struct span request)
{
	translated->translation = translation_new(deployment, model);
	if (translated->translation == NULL)
		return false;
	translated->is_readable = open_object(translated, request);
	sse_init(&translated->sse, translated->config->max_event_bytes, on_event, translated);
	translation_open(translated->translation, &translated->fold,
	    translated->streams ? on_made_event : NULL, translated->streams ? on_begin : NULL,
	    translated);
	return true;
}

void translated_close(struct translated *translated)
{
	if (translated->translation != NULL) {
		translation_free(translated->translation);
		if (translated->is_readable)
			fold_close(&translated->fold);
		sse_free(&translated->sse);
	}
	buf_free(&translated->body);
	buf_free(&translated->text);
	*translated = (struct translated){0};
}

const char *translated_write_body(
    struct translated *translated, struct buf *out, struct span request, const char *request_id)
{
	struct translation *translation = translated->translation;

	/* What was stored, and is continued, was not checked again. */
	if (!translated->is_readable)
		return "the request, or what it continues, cannot be read";
	if (!translation_write_request(translation, out, request))
		return translation_refusal(translation)->message;
	translation_log_left_out(translation, request_id);
	return NULL;
}

/* A redirect is not followed, and none of the client's. */
static long shown_status(long status)
{
	return status < 400 ? 502 : status;
}

void translated_on_head(struct translated *translated, CURL *easy, long status)
{
	char media_type[TRANSFER_MEDIA_TYPE_SIZE];

	transfer_media_type(easy, media_type);
	translated->status = status;
	if (status < 200 || status > 299) {
		translated->kind = BODY_OF_ERROR;
		answer_on_made_head(
		    translated->answer, easy, shown_status(status), "application/json", false);
		return;
	}
	if (strcmp(media_type, "application/json") == 0)
		translated->kind = BODY_OF_OBJECT;
	answer_on_made_head(translated->answer, easy, 200,
	    translated->streams ? "text/event-stream; charset=utf-8" : "application/json",
	    translated->streams);
}

/*
 * Nothing more of it is taken: the response fails for that, also if the provider has just said that
 * it is complete.
 */
static void fail(struct translated *translated, const char *code, const char *message)
{
	struct buf error = {0};

	if (translated->over)
		return;
	translated->over = true;
	translated->failed = true;
	response_error_make(&error, code, span_of(message));
	translation_fail(translated->translation, buf_span(&error));
	if (!translated->fold.error_seen)
		fold_fail_with(&translated->fold, buf_span(&error));
	buf_free(&error);
}

/* Of the object, and of what waits to get into it. */
static size_t object_bytes(const struct translated *translated)
{
	const struct document *doc = &translated->fold.doc;

	return doc->text.len - doc->blanks + translation_waiting(translated->translation);
}

static void check_bounds(struct translated *translated)
{
	size_t limit = translated->config->max_response_bytes;
	char message[64];

	snprintf(message, sizeof(message), "The answer is larger than %zu bytes.", limit);
	if (object_bytes(translated) > limit)
		fail(translated, "response_too_large", message);
	else if (fold_is_costly(&translated->fold))
		fail(translated, "invalid_provider_answer",
		    "The provider's events take too much work.");
}

/* sse_parser.on_event */
static bool on_event(void *ctx, struct span data)
{
	struct translated *translated = ctx;

	translated->eventful = translated->eventful || !event_is_sign_of_life(data);
	translated->fold.bytes += data.len;
	translation_event(translated->translation, data);
	check_bounds(translated);
	translated->over = translated->over || translation_is_over(translated->translation);
	return !translated->over;
}

static void keep(struct translated *translated, struct span bytes, size_t most)
{
	size_t room = most - translated->body.len;

	buf_append(&translated->body, bytes.p, bytes.len < room ? bytes.len : room);
	if (bytes.len > room && translated->kind == BODY_OF_OBJECT)
		fail(translated, "event_too_large", "The provider's answer is too large.");
}

bool translated_on_body(struct translated *translated, struct span bytes)
{
	if (translated->over)
		return true;
	if (translated->kind == BODY_OF_ERROR) {
		keep(translated, bytes, MOST_BEGINNING);
		return true;
	}
	if (translated->kind == BODY_OF_OBJECT) {
		keep(translated, bytes, translated->config->max_event_bytes);
		return true;
	}
	/* Some providers begin with an error that is no event, whatever they call it. */
	if (!translated->fold.any_event)
		keep(translated, bytes, MOST_BEGINNING);
	else if (translated->body.cap > 0)
		buf_free(&translated->body);
	if (sse_feed(&translated->sse, bytes) == SSE_TOO_LONG)
		fail(translated, "event_too_large", "The provider sent an event that is too long.");
	show_life(translated);
	return !translated->answer->client->lost;
}

size_t translated_held(const struct translated *translated)
{
	const struct client *client = translated->answer->client;

	return object_bytes(translated) + translated->body.len + client->unsent.len - client->sent;
}

void translated_overflow(struct translated *translated)
{
	fail(translated, "response_too_large",
	    "The answers that are passed through now are too large together.");
}

bool translated_is_over(const struct translated *translated)
{
	return translated->over;
}

void translated_finish(struct translated *translated)
{
	struct fold *fold = &translated->fold;
	char type[32];

	fold_end(fold);
	fold_seal(fold, time(NULL));
	if (translated->streams) {
		snprintf(type, sizeof(type), "response.%s", response_status_name(fold->status));
		send_object_event(translated, type);
		return;
	}
	answer_on_body(translated->answer, buf_span(&fold->doc.text));
}

/* Its last event may lack its end, and some send an object where events are due. */
static bool end_events(struct translated *translated, bool whole)
{
	if (whole && !translated->over && sse_end(&translated->sse) == SSE_TOO_LONG)
		fail(translated, "event_too_large", "The provider sent an event that is too long.");
	if (translated->over || translated->fold.any_event || translated->fold.error_seen)
		return true;
	if (!translation_object(translated->translation, buf_span(&translated->body)))
		return false;
	translation_end(translated->translation, true);
	return true;
}

static bool end_object(struct translated *translated)
{
	translated->fold.bytes += translated->body.len;
	if (translated->over)
		return true;
	if (!translation_object(translated->translation, buf_span(&translated->body)))
		return false;
	translation_end(translated->translation, true);
	check_bounds(translated);
	return true;
}

static bool client_has_nothing(const struct translated *translated)
{
	return !translated->answer->begun && !translated->fold.output_seen;
}

enum translated_end translated_end(struct translated *translated, bool whole)
{
	bool is_events = translated->kind == BODY_OF_EVENTS;
	enum reader_end end = READER_FAILED;

	if (translated->kind == BODY_OF_ERROR)
		return TRANSLATED_ERROR;
	if (is_events && !end_events(translated, whole))
		return whole ? TRANSLATED_NO_ANSWER : TRANSLATED_TRUNCATED;
	if (!is_events && !(whole && end_object(translated)))
		return whole ? TRANSLATED_NO_ANSWER : TRANSLATED_TRUNCATED;
	if (!translated->failed)
		end = translation_end(translated->translation, false);
	if (end == READER_TRUNCATED)
		return TRANSLATED_TRUNCATED;
	if (end == READER_FAILED && client_has_nothing(translated))
		return TRANSLATED_ERROR;
	if (end == READER_FAILED && !translated->answer->begun && !translated->failed)
		return TRANSLATED_FAILED;
	translated_finish(translated);
	return TRANSLATED_WHOLE;
}

bool translated_give_up(struct translated *translated, const char *code, const char *message)
{
	if (client_has_nothing(translated))
		return false;
	fail(translated, code, message);
	translated_finish(translated);
	return true;
}

long translated_error_status(const struct translated *translated)
{
	if (translated->kind == BODY_OF_ERROR)
		return translated->status;
	return translated->failed ? 502 : translated->fold.error_status;
}

struct span translated_error(const struct translated *translated)
{
	if (translated->kind == BODY_OF_ERROR)
		return buf_span(&translated->body);
	return fold_error(&translated->fold);
}

/* The error as {"code","message"} and what else the provider said of it. */
static void write_error(struct buf *out, const struct translated *translated)
{
	if (translated->kind == BODY_OF_ERROR)
		provider_error_translated(
		    out, translated->status, buf_span(&translated->body), translated->secrets);
	else
		buf_append_span(out, fold_error(&translated->fold));
}

/* A member of the error; otherwise: what stands for one that it lacks. */
static void write_member(
    struct buf *out, const char *name, struct span error, const char *otherwise)
{
	struct span value = json_get(error, name);

	json_write_name(out, span_of(name));
	if (json_is_given(value))
		buf_append_span(out, value);
	else
		buf_puts(out, otherwise);
}

static const char *type_of(long status)
{
	if (status == 401)
		return "\"authentication_error\"";
	if (status == 429)
		return "\"rate_limit_error\"";
	return status < 500 ? "\"invalid_request_error\"" : "\"server_error\"";
}

void translated_send_error(struct translated *translated)
{
	long status = shown_status(translated_error_status(translated));
	struct buf error = {0};

	write_error(&error, translated);
	buf_clear(&translated->text);
	buf_puts(&translated->text, "{\"error\":{");
	write_member(&translated->text, "message", buf_span(&error), "\"\"");
	write_member(&translated->text, "type", buf_span(&error), type_of(status));
	write_member(&translated->text, "param", buf_span(&error), "null");
	write_member(&translated->text, "code", buf_span(&error), "null");
	buf_puts(&translated->text, "}}");
	buf_free(&error);
	if (!translated_has_error_head(translated))
		answer_on_made_head(translated->answer, NULL, status, "application/json", false);
	send_text(translated);
}

bool translated_has_error_head(const struct translated *translated)
{
	return translated->kind == BODY_OF_ERROR;
}
