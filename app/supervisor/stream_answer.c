#include "stream_internal.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/provider/transfer.h"
#include "common/response/event.h"
#include "common/response/fold_lifecycle.h"

enum {
	MAX_ERROR_BYTES = 64 * 1024, /* of a provider's error that is looked at */
	MAX_WARNINGS = 20,           /* of one stream that are logged */
	LONGEST_HOLD_MS = 1000,      /* that bytes wait in their socket */
	HELD_BYTES = 4096,           /* read at once: no more than that, or bytes do not wait */
};

void stream_warn_skipped(struct stream *s)
{
	if (s->warnings < MAX_WARNINGS)
		log_warnx("%s: skipped %s", s->id, s->fold.warning);
	else if (s->warnings == MAX_WARNINGS)
		log_warnx("%s: skipped more events; not logged any more", s->id);
	s->warnings++;
}

bool stream_too_large(struct stream *s)
{
	const struct document *doc = &s->fold.doc;
	size_t limit = s->config->max_response_bytes;
	size_t waiting = s->translation != NULL ? translation_waiting(s->translation) : 0;

	if (doc->text.len - doc->blanks + waiting + s->log.bytes <= limit)
		return false;
	stream_fail(s, "response_too_large", "The answer is larger than %zu bytes.", limit);
	return true;
}

/* Once output comes the request will not be repeated from here. */
static void begin_output(struct stream *s)
{
	s->begun = true;
	stream_free_request(s);
	errand_tell_health(&s->errand, s->status);
}

bool stream_is_over(const struct stream *s)
{
	return response_status_is_terminal(s->fold.status);
}

/* An error has come before any output: another try may be made. */
bool stream_is_failing(const struct stream *s)
{
	if (s->fold.output_seen)
		return false;
	return s->fold.status == STATUS_FAILED || (!stream_is_over(s) && s->fold.error_seen);
}

/* Lets go of a call that has said all: its connection can serve the next request. */
void stream_end_call(struct stream *s)
{
	errand_detach(&s->errand);
}

void stream_wait_for(struct stream *s, enum waiting what, int ms)
{
	if (s->timer == NULL)
		s->timer = evtimer_new(s->host->base, stream_on_timer, s);
	if (s->timer == NULL)
		fatalx("out of memory");
	s->waiting = what;
	timer_set(s->timer, ms);
}

/* A response that has ended, or failed, gives the provider a moment to say more. */
static void look_for_end(struct stream *s)
{
	if (!s->fold.settled)
		stream_stop_waiting(s);
	else if (stream_is_failing(s) || s->waiting == WAITING_TO_END)
		stream_wait_for(s, WAITING_TO_END, STREAM_SETTLING_MS);
	else if (s->waiting == WAITING_NOT)
		stream_wait_for(s, WAITING_TO_SHOW, STREAM_UNSHOWN_MS);
}

void stream_end_as_costly(struct stream *s)
{
	stream_fail(s, "invalid_provider_answer",
	    "The provider's events take too much work: they change over and over what has much "
	    "behind it.");
}

/* What an event in another dialect says. */
static enum fold_result translate(struct stream *s, struct span data)
{
	struct fold *fold = &s->fold;

	fold->warning[0] = '\0';
	fold->progress = false;
	fold->bytes += data.len;
	translation_event(s->translation, data);
	return fold_is_costly(fold) ? FOLD_COSTLY : FOLD_CHANGED;
}

/* What changes nothing may have been told all the same, and grows the log. */
static bool has_told(const struct stream *s)
{
	return s->narrator != NULL && !s->fold.ended;
}

/* Folds an event in. Returns false when that settles everything. */
static bool take_event(struct stream *s, struct span data)
{
	enum fold_result result =
	    s->translation != NULL ? translate(s, data) : fold_event(&s->fold, data);

	if (s->fold.warning[0] != '\0')
		stream_warn_skipped(s);
	if (result == FOLD_COSTLY) {
		stream_end_as_costly(s);
		return false;
	}
	if (result != FOLD_CHANGED && result != FOLD_TERMINAL)
		return !has_told(s) || !stream_too_large(s);
	if (!s->begun && s->fold.output_seen)
		begin_output(s);
	stream_note_maker(s);
	if (stream_too_large(s))
		return false;
	if (s->fold.progress || !s->fold.settled)
		look_for_end(s);
	return true;
}

static bool take_clean_event(struct stream *s, struct span data)
{
	struct buf clean = {0};
	bool more;

	if (!secrets_are_in(data, &s->errand.secrets))
		return take_event(s, data);
	secrets_redact(&clean, data, &s->errand.secrets);
	more = take_event(s, buf_span(&clean));
	buf_free(&clean);
	return more;
}

/* The provider says itself that it has said all. */
static bool end_stream(struct stream *s)
{
	s->done = true;
	stream_end_call(s);
	stream_end_of_stream(s);
	return false;
}

/* The answer is there, with all that its provider takes for one. */
static void note_event(struct stream *s, struct span data)
{
	if (s->errand.eventful || event_is_sign_of_life(data))
		return;
	errand_note_event(&s->errand);
	s->account.first_event_at = monotonic_ms();
}

bool stream_on_event(void *ctx, struct span data)
{
	struct stream *s = ctx;

	note_event(s, data);
	if (s->translation == NULL && event_is_done_marker(data))
		return end_stream(s);
	if (!take_clean_event(s, data))
		return false;
	if (s->translation != NULL && translation_is_over(s->translation))
		return end_stream(s);
	return true;
}

bool stream_on_head(void *ctx, CURL *easy, long status)
{
	struct stream *s = ctx;
	char media_type[TRANSFER_MEDIA_TYPE_SIZE];

	transfer_media_type(easy, media_type);
	s->writer.deployment = s->errand.called->id;
	s->status = status;
	s->is_stream = strcmp(media_type, "text/event-stream") == 0;
	if (status > 299)
		s->answer = ANSWER_ERROR;
	else if (strcmp(media_type, "application/json") == 0)
		s->answer = ANSWER_OBJECT;
	else
		s->answer = ANSWER_EVENTS;
	if (s->answer == ANSWER_OBJECT)
		errand_be_patient(&s->errand);
	else if (s->answer == ANSWER_ERROR)
		errand_note_event(&s->errand);
	return s->answer == ANSWER_ERROR;
}

void stream_event_too_long(struct stream *s)
{
	stream_fail(s, "event_too_large", "The provider sent an event of more than %zu bytes.",
	    s->config->max_event_bytes);
}

/*
 * What comes before the next write can be made need not be read before that. That is worth it for a
 * provider that sends more often than we write, but not for one that sends much: the socket's
 * buffer shall not slow it down.
 */
static void hold_if_pausing(struct stream *s, struct span bytes)
{
	if (s->errand.call != NULL && bytes.len <= HELD_BYTES && s->waiting == WAITING_NOT &&
	    s->writer.interval_ms <= LONGEST_HOLD_MS && writer_is_pausing(&s->writer))
		upstream_hold(s->errand.call);
}

/* What may still be taken back, or be all, is not worth a write of its own yet. */
void stream_show_changes(struct stream *s)
{
	if (s->writer.ending || (s->waiting != WAITING_TO_SHOW && !stream_is_failing(s)))
		writer_changed(&s->writer);
}

void stream_on_writer_ready(void *ctx)
{
	struct stream *s = ctx;

	s->was_held = true;
	if (s->errand.call != NULL && !upstream_read(s->errand.call))
		return;
	s->was_held = false;
	stream_show_changes(s);
}

/* Some providers begin with an error that is no event, whatever they call it. */
static void keep_beginning(struct stream *s, struct span bytes)
{
	if (s->fold.any_event && s->body.cap > 0)
		buf_free(&s->body);
	else if (s->translation != NULL && !s->fold.any_event && s->body.len < MAX_ERROR_BYTES)
		buf_append_span(&s->body, bytes);
}

static bool on_event_bytes(struct stream *s, struct span bytes)
{
	bool often = s->was_held || writer_is_pausing(&s->writer);
	enum sse_result result;

	keep_beginning(s, bytes);
	result = sse_feed(&s->sse, bytes);
	if (result == SSE_TOO_LONG)
		stream_event_too_long(s);
	if (result == SSE_OK) {
		stream_show_changes(s);
		if (often)
			hold_if_pausing(s, bytes);
	}
	return s->errand.call != NULL || !s->cut;
}

static bool on_object_bytes(struct stream *s, struct span bytes)
{
	size_t limit = s->config->max_event_bytes;

	if (s->body.len + bytes.len > limit) {
		stream_fail(
		    s, "event_too_large", "The provider's answer is larger than %zu bytes.", limit);
		return false;
	}
	buf_append_span(&s->body, bytes);
	return true;
}

bool stream_on_body(void *ctx, struct span bytes)
{
	struct stream *s = ctx;
	bool more;

	if (s->answer == ANSWER_EVENTS) {
		more = on_event_bytes(s, bytes);
	} else if (s->answer == ANSWER_OBJECT) {
		more = on_object_bytes(s, bytes);
	} else {
		if (s->body.len < MAX_ERROR_BYTES)
			buf_append_span(&s->body, bytes);
		more = true;
	}
	return more;
}
