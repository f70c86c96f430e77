#include "stream_internal.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/dialect/sealed_items.h"
#include "common/provider/client_headers.h"
#include "common/provider/provider_error.h"
#include "common/provider/refusal.h"
#include "common/provider/request_body.h"
#include "common/provider/upstream_body.h"
#include "common/response/event.h"
#include "common/response/fold_lifecycle.h"

static const char broke_off[] =
    "The connection to the provider broke off before the answer was complete.";

static void conclude(struct stream *s);

/* Begins again from the start, through the queue, if another attempt is allowed. */
static void begin_again_or_fail(struct stream *s, const char *code, const char *why)
{
	if (s->fold.error_seen) {
		fold_end(&s->fold);
		stream_end(s);
		return;
	}
	if (s->attempt >= s->config->max_attempts) {
		stream_fail(s, code, "%s", why);
		return;
	}
	stream_give_back(s, s->writer.fence, true, RESTART_BROKEN_OFF);
	stream_let_go(s);
}

/* Whether the stream has said how the response ended: whatever comes of its rest. */
static bool knows_end(const struct stream *s)
{
	return s->answer == ANSWER_EVENTS && (stream_is_over(s) || s->fold.error_seen);
}

/* What an attempt without output has left in the object goes. */
static void reset_fold(struct stream *s)
{
	if (!s->fold.any_event)
		return;
	fold_close(&s->fold);
	if (!fold_open(&s->fold, buf_span(&s->initial)))
		fatalx("an object that was read cannot be read again");
	document_mark_unknown(&s->fold.doc);
	if (s->narrator != NULL)
		narrator_follow(s->narrator, &s->fold);
}

/* Arranges for another try of a request that has brought no output. False if none is left. */
static bool try_again(
    struct stream *s, enum call_failure failure, double retry_after, const char *why)
{
	if (s->begun || !errand_try_again(&s->errand, failure, retry_after, why))
		return false;
	stream_note_retry(s, why);
	/* The next deployment may take what this one did not. */
	s->without_thinking = false;
	/* That of what has failed is over, too. */
	stream_stop_waiting(s);
	reset_fold(s);
	return true;
}

/* What the provider has signed itself it may not take back: once that is left out. */
static bool ask_without_thinking(struct stream *s)
{
	static const char why[] =
	    "the provider does not take its own thinking back; asking without it";

	if (s->translation == NULL || s->without_thinking || s->begun ||
	    !translation_is_about_thinking(s->translation, s->status, buf_span(&s->body)))
		return false;
	s->without_thinking = true;
	errand_ask_again(&s->errand, why);
	stream_note_retry(s, why);
	return true;
}

static void end_with_provider_error(struct stream *s, double retry_after)
{
	struct buf error = {0};
	char why[64];

	if (ask_without_thinking(s))
		return;
	retry_after = refusal_retry_after(retry_after, buf_span(&s->body));
	errand_tell_limit(&s->errand, s->status, retry_after, buf_span(&s->body));
	errand_tell_health(&s->errand, s->status);
	snprintf(why, sizeof(why), "the provider answered HTTP %ld", s->status);
	if (try_again(s, errand_failure(&s->errand, s->status, retry_after, buf_span(&s->body)),
		retry_after, why))
		return;
	stream_note_failure(s, why);
	if (s->translation != NULL)
		provider_error_translated(
		    &error, s->status, buf_span(&s->body), &s->errand.secrets);
	else
		provider_error(&error, s->status, buf_span(&s->body), &s->errand.secrets);
	fold_fail_with(&s->fold, buf_span(&error));
	buf_free(&error);
	stream_end(s);
}

static bool fold_object(struct stream *s, struct span body)
{
	if (!json_check(body, JSON_ACCEPT_BAD_UTF8, NULL, NULL) ||
	    !json_string_is(json_get(body, "object"), "response"))
		return false;
	fold_response(&s->fold, body);
	if (s->fold.warning[0] != '\0')
		stream_warn_skipped(s);
	return true;
}

static bool translate_object(struct stream *s, struct span body)
{
	s->fold.bytes += body.len;
	if (!translation_object(s->translation, body))
		return false;
	translation_end(s->translation, true);
	return true;
}

/* Takes what has come for an object. False if it is none of the provider's API: says nothing. */
static bool take_object(struct stream *s)
{
	struct buf clean = {0};
	bool is_answer;

	secrets_redact(&clean, buf_span(&s->body), &s->errand.secrets);
	is_answer = s->translation != NULL ? translate_object(s, buf_span(&clean))
					   : fold_object(s, buf_span(&clean));
	buf_free(&clean);
	return is_answer && s->fold.any_event;
}

/* A gateway's own word, say, where another API's answer was due. */
static void end_with_other_object(struct stream *s)
{
	errand_note_outcome(&s->errand, CALL_INVALID);
	if (s->translation != NULL) {
		errand_tell_health(&s->errand, 0);
		if (try_again(s, FAILURE_PASSING, -1,
			"the provider answered with JSON that is no answer's object"))
			return;
	}
	stream_fail(s, "invalid_provider_answer",
	    "The provider answered with JSON that is no %s object.",
	    s->translation != NULL ? "answer's" : "Response");
}

static void end_with_object(struct stream *s)
{
	if (!take_object(s))
		end_with_other_object(s);
	else if (fold_is_costly(&s->fold))
		stream_end_as_costly(s);
	else if (!stream_too_large(s))
		conclude(s);
}

/* Hands on an event that only lacks its blank line. False if that settled everything. */
static bool last_event(struct stream *s)
{
	if (sse_end(&s->sse) == SSE_TOO_LONG)
		stream_event_too_long(s);
	return !s->writer.ending && !s->done;
}

static void end_by_disconnection(struct stream *s, const char *why)
{
	errand_note_outcome(&s->errand, CALL_DISCONNECTED);
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_PASSING, -1, why))
		begin_again_or_fail(s, "upstream_disconnected", broke_off);
}

/* The stream's end means that nothing was answered. */
static void end_without_event(struct stream *s)
{
	errand_note_outcome(&s->errand, CALL_INVALID);
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_PASSING, -1, "the provider's stream held no event"))
		begin_again_or_fail(s, "invalid_provider_answer",
		    "The provider answered with a stream that holds no event.");
}

/* An error before any output means what the same error means as an answer by HTTP. */
static void end_with_stream_error(struct stream *s)
{
	long status = s->fold.error_seen ? s->fold.error_status : 500;
	char why[64];

	errand_note_outcome(&s->errand, CALL_REFUSED);
	errand_tell_health(&s->errand, status);
	snprintf(why, sizeof(why), "the provider's stream brought an error like HTTP %ld", status);
	if (try_again(s, errand_failure(&s->errand, status, -1, fold_error(&s->fold)), -1, why))
		return;
	fold_end(&s->fold);
	stream_note_failure(s, why);
	stream_end(s);
}

/* The stream has said all, and properly. */
void stream_end_by_provider(struct stream *s)
{
	errand_note_outcome(&s->errand, CALL_SUCCESS);
	errand_tell_health(&s->errand, s->status);
	fold_end(&s->fold);
	stream_end(s);
}

/* The provider has nothing more to say, or had a second to say it. */
static void conclude(struct stream *s)
{
	if (stream_is_failing(s))
		end_with_stream_error(s);
	else if (!s->fold.any_event)
		end_without_event(s);
	else if (!s->done && fold_is_open(&s->fold))
		end_by_disconnection(s, "the provider's stream ended within an item");
	else
		stream_end_by_provider(s);
}

/*
 * The stream ends, within a callback of libcurl or of the parser, where only an end that goes on
 * with a write can be made.
 */
void stream_end_of_stream(struct stream *s)
{
	if (s->fold.any_event && !stream_is_failing(s))
		stream_end_by_provider(s);
	else
		stream_wait_for(s, WAITING_TO_END, 0);
}

/*
 * The provider's events, in another dialect, have ended. False if that is not how they end when all
 * has been said.
 */
static bool end_translation(struct stream *s)
{
	if (s->translation == NULL || s->answer != ANSWER_EVENTS)
		return true;
	if (!s->fold.any_event && take_object(s))
		return translation_end(s->translation, true) != READER_TRUNCATED;
	return translation_end(s->translation, false) != READER_TRUNCATED || !s->fold.any_event;
}

/* A page that says that a server is down, say, where another API's answer was due. */
static void end_with_something_else(struct stream *s)
{
	static const char why[] =
	    "the provider answered with something else than a stream of events";

	errand_note_outcome(&s->errand, CALL_INVALID);
	if (s->translation != NULL) {
		errand_tell_health(&s->errand, 0);
		if (try_again(s, FAILURE_PASSING, -1, why))
			return;
	}
	stream_fail(s, "invalid_provider_answer",
	    "The provider answered with something else than a stream of events.");
}

/* The stream of events is over, or the connection. */
static void end_of_events(struct stream *s, enum upstream_end how)
{
	bool is_whole;

	if (how != UPSTREAM_DISCONNECTED && !last_event(s))
		return;
	is_whole = end_translation(s);
	if (knows_end(s))
		conclude(s);
	else if (how == UPSTREAM_DISCONNECTED)
		end_by_disconnection(s, "the provider closed the connection");
	else if (!s->is_stream && !s->fold.any_event)
		end_with_something_else(s);
	else if (is_whole && (how == UPSTREAM_COMPLETE || !s->fold.any_event))
		conclude(s);
	else
		end_by_disconnection(s, "the provider closed the connection");
}

void stream_on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct stream *s = ctx;
	enum waiting waiting = s->waiting;

	(void)fd;
	(void)what;
	s->waiting = WAITING_NOT;
	if (waiting == WAITING_TO_SHOW) {
		stream_wait_for(s, WAITING_TO_END, STREAM_SETTLING_MS - STREAM_UNSHOWN_MS);
		stream_show_changes(s);
	} else {
		stream_end_call(s);
		conclude(s);
	}
}

/* It would not be better at another try, but another deployment may be. */
static void end_by_timeout(struct stream *s, const char *error)
{
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_DEPLOYMENT, -1, error))
		stream_fail(s, "upstream_timeout", "The provider took too long: %s.", error);
}

/* Likewise. */
static void end_by_invalid_answer(struct stream *s, const char *error)
{
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_DEPLOYMENT, -1, error))
		stream_fail(s, "invalid_provider_answer",
		    "The provider's answer cannot be taken: %s.", error);
}

static void end_without_answer(struct stream *s, const char *error)
{
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_PASSING, -1, error))
		stream_fail(
		    s, "upstream_unreachable", "The provider cannot be reached: %s.", error);
}

/* The deployment's own headers cannot be sent, or the request cannot be put in its dialect. */
static void end_unasked(struct stream *s, const char *error)
{
	const struct api_error *refusal =
	    s->translation != NULL ? translation_refusal(s->translation) : NULL;
	const char *code =
	    refusal != NULL && refusal->status != 0 ? refusal->code : "invalid_deployment";

	if (try_again(s, FAILURE_DEPLOYMENT, -1, error))
		return;
	if (strcmp(code, "invalid_deployment") != 0)
		stream_fail(s, code, "%s", refusal->message);
	else
		stream_fail(s, "invalid_deployment", "The provider cannot be asked: %s.", error);
}

static void on_end(void *ctx, const struct upstream_result *result)
{
	struct stream *s = ctx;

	if (result->end == UPSTREAM_TIMEOUT || result->end == UPSTREAM_INVALID)
		end_translation(s);
	if (result->end == UPSTREAM_TIMEOUT && !knows_end(s)) {
		end_by_timeout(s, result->error);
	} else if (result->end == UPSTREAM_INVALID && !knows_end(s)) {
		end_by_invalid_answer(s, result->error);
	} else if (result->end == UPSTREAM_NOT_ASKED) {
		end_unasked(s, result->error);
	} else if (s->answer == ANSWER_NONE) {
		end_without_answer(s, result->error);
	} else if (s->answer == ANSWER_ERROR) {
		end_with_provider_error(s, result->retry_after);
	} else if (s->answer == ANSWER_EVENTS) {
		end_of_events(s, result->end);
	} else if (result->end == UPSTREAM_DISCONNECTED) {
		end_by_disconnection(s, "the provider closed the connection");
	} else {
		end_with_object(s);
	}
}

static void on_begin(void *ctx)
{
	struct stream *s = ctx;

	stream_stop_waiting(s);
	s->account.first_event_at = 0;
	s->answer = ANSWER_NONE;
	s->done = false;
	s->status = 0;
	s->cut = false;
	buf_free(&s->body);
	sse_free(&s->sse);
	sse_init(&s->sse, s->config->max_event_bytes, stream_on_event, s);
	translation_free(s->translation);
	s->translation = translation_new(s->errand.choice.deployment, s->errand.choice.model);
	/* What only tells of progress changes no object, but readers are told. */
	if (s->translation == NULL && s->narrator == NULL)
		s->sse.is_idle = event_is_idle;
	if (s->translation != NULL)
		translation_open(s->translation, &s->fold, NULL, NULL, NULL);
}

static const char *translate_request(struct stream *s, struct buf *out)
{
	struct buf body = {0};
	bool written;

	upstream_body(&body, s->errand.choice.deployment, s->errand.choice.model,
	    buf_span(&s->request), buf_span(&s->context), buf_span(&s->input));
	if (s->without_thinking)
		translation_leave_out_thinking(s->translation);
	written = translation_write_request(s->translation, out, buf_span(&body));
	buf_free(&body);
	if (written) {
		translation_log_left_out(s->translation, s->id);
		request_body_add_extra(out, s->errand.choice.deployment);
	}
	return written ? NULL : translation_refusal(s->translation)->message;
}

static const char *write_body(void *ctx, struct buf *out)
{
	struct stream *s = ctx;

	if (s->translation != NULL)
		return translate_request(s, out);
	upstream_body(out, s->errand.choice.deployment, s->errand.choice.model,
	    buf_span(&s->request), buf_span(&s->context), buf_span(&s->input));
	sealed_items_leave_out(out);
	request_body_add_extra(out, s->errand.choice.deployment);
	return NULL;
}

static struct curl_slist *add_headers(void *ctx, struct curl_slist *headers)
{
	const struct stream *s = ctx;

	return client_headers_add(headers, buf_span(&s->headers), s->translation != NULL);
}

const struct errand_user stream_errand_user = {
    .add_headers = add_headers,
    .write_body = write_body,
    .on_begin = on_begin,
    .on_head = stream_on_head,
    .on_body = stream_on_body,
    .on_end = on_end,
};
