#include "stream.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/provider/errand.h"
#include "common/response/event.h"
#include "common/response/fold.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/config/model.h"
#include "common/response/response_id.h"
#include "common/base/sse.h"
#include "common/provider/provider_error.h"
#include "common/provider/transfer.h"
#include "common/provider/upstream_body.h"
#include "writer.h"

enum {
	MAX_ERROR_BYTES = 64 * 1024, /* of a provider's error that is looked at */
	MAX_WARNINGS = 20,           /* of one stream that are logged */
	LONGEST_HOLD_MS = 1000,      /* that bytes wait in their socket */
	HELD_BYTES = 4096,           /* read at once: no more than that, or bytes do not wait */
	/*
	 * What may follow the end of a response has so long to begin. Until a part of it is over
	 * nothing is written: most often the stream ends at once, and one write does for all.
	 */
	SETTLING_MS = 1000,
	UNSHOWN_MS = 50,
};

/* What a stream's timer is set for. */
enum waiting {
	WAITING_NOT,
	WAITING_TO_SHOW, /* the response has ended, and what there is has not been written */
	WAITING_TO_END,  /* it has ended, and more may follow */
};

/* What the provider's answer is read as. */
enum answer { ANSWER_NONE, ANSWER_EVENTS, ANSWER_OBJECT, ANSWER_ERROR };

struct stream {
	const struct stream_host *host;
	struct roster *roster;
	const struct config *config; /* the roster's */
	char id[RESPONSE_ID_MAX + 1];
	long long attempt; /* of the job: how many there were, this one included */

	char *model; /* as the client named it */
	/*
	 * Kept until some output comes, as the request may have to be repeated: what is asked, and
	 * the object as it was before.
	 */
	struct buf request, context, input, initial;
	bool begun;           /* output has come: nothing of these is left */
	struct errand errand; /* to the deployments; no call is open where it has none */
	struct event *timer;  /* NULL until needed */
	enum waiting waiting;

	bool was_held; /* what is read now has waited for the writer */
	bool cut;      /* the last call was closed before its end */
	enum answer answer;
	long status;
	struct buf body; /* for ANSWER_OBJECT and ANSWER_ERROR */
	struct sse_parser sse;
	bool is_stream; /* the answer says that it is a stream of events */
	bool done;      /* "[DONE]" has come */
	int warnings;

	struct fold fold;
	struct writer writer;
	bool gone; /* let go of; freed as soon as no write is under way */
};

static const char broke_off[] =
    "The connection to the provider broke off before the answer was complete.";

static void conclude(struct stream *s);
static void end_of_stream(struct stream *s);
static void on_timer(evutil_socket_t fd, short what, void *ctx);

const char *stream_id(const struct stream *s)
{
	return s->id;
}

/* ---- the end of it --------------------------------------------------------------------------- */

static void close_call(struct stream *s)
{
	s->cut = s->cut || s->errand.call != NULL;
	errand_stop(&s->errand);
}

static void free_request(struct stream *s)
{
	buf_free(&s->request);
	buf_free(&s->context);
	buf_free(&s->input);
	buf_free(&s->initial);
}

void stream_free(struct stream *s)
{
	roster_free(s->roster);
	free(s->model);
	errand_close(&s->errand);
	free_request(s);
	buf_free(&s->body);
	sse_free(&s->sse);
	fold_close(&s->fold);
	writer_close(&s->writer);
	if (s->timer != NULL)
		event_free(s->timer);
	free(s);
}

static void stop_waiting(struct stream *s)
{
	if (s->waiting == WAITING_NOT)
		return;
	event_del(s->timer);
	s->waiting = WAITING_NOT;
}

/* The stream has nothing more to do; a write that is under way still has to come back. */
static void let_go(struct stream *s)
{
	s->gone = true;
	close_call(s);
	writer_stop(&s->writer);
	stop_waiting(s);
	if (writer_is_busy(&s->writer))
		return;
	s->host->ended(s->host->ctx, s);
	stream_free(s);
}

static void on_writer_over(void *ctx, enum write_result result)
{
	struct stream *s = ctx;
	struct jobs *jobs = s->host->jobs;

	if (!s->gone && result != WRITE_TAKEN)
		job_drop(jobs, s->id);
	let_go(s);
	if (result == WRITE_TAKEN)
		jobs_look_again(jobs);
}

/* The status is settled: makes the last write. */
static void end(struct stream *s)
{
	stop_waiting(s);
	fold_seal(&s->fold, time(NULL));
	if (s->errand.choice.deployment != NULL)
		s->writer.deployment = s->errand.choice.deployment->id;
	writer_end(&s->writer);
}

static void fail(struct stream *s, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(struct stream *s, const char *code, const char *format, ...)
{
	struct buf message = {0};
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_puts(&message, text);
	log_info("%s failed: %s: %s", s->id, code, text);
	fold_fail(&s->fold, code, buf_span(&message));
	buf_free(&message);
	close_call(s);
	end(s);
}

/* Begins again from the start, through the queue, if another attempt is allowed. */
static void begin_again_or_fail(struct stream *s, const char *code, const char *why)
{
	if (s->fold.error_seen) {
		fold_end(&s->fold);
		end(s);
		return;
	}
	if (s->attempt >= s->config->max_attempts) {
		fail(s, code, "%s", why);
		return;
	}
	log_info("%s: %s; beginning again", s->id, why);
	job_release(s->host->jobs, s->id, s->writer.fence, true);
	let_go(s);
}

/* ---- the provider's answer ------------------------------------------------------------------- */

static void warn_skipped(struct stream *s)
{
	if (s->warnings < MAX_WARNINGS)
		log_warnx("%s: skipped %s", s->id, s->fold.warning);
	else if (s->warnings == MAX_WARNINGS)
		log_warnx("%s: skipped more events; not logged any more", s->id);
	s->warnings++;
}

static bool too_large(struct stream *s)
{
	const struct document *doc = &s->fold.doc;
	size_t limit = s->config->max_response_bytes;

	if (doc->text.len - doc->blanks <= limit)
		return false;
	fail(s, "response_too_large", "The answer is larger than %zu bytes.", limit);
	return true;
}

/* Once output comes the request will not be repeated from here. */
static void begin_output(struct stream *s)
{
	s->begun = true;
	free_request(s);
	errand_tell_health(&s->errand, s->status);
}

/* Lets go of a call that has said all: its connection can serve the next request. */
static void end_call(struct stream *s)
{
	errand_detach(&s->errand);
}

static void wait_for(struct stream *s, enum waiting what, int ms)
{
	struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	if (s->timer == NULL)
		s->timer = evtimer_new(s->host->base, on_timer, s);
	if (s->timer == NULL)
		fatalx("out of memory");
	s->waiting = what;
	event_add(s->timer, &delay);
}

static bool is_over(const struct stream *s)
{
	return response_status_is_terminal(s->fold.status);
}

/* Whether the stream has said how the response ended: whatever comes of its rest. */
static bool knows_end(const struct stream *s)
{
	return s->answer == ANSWER_EVENTS && (is_over(s) || s->fold.error_seen);
}

/* An error has come before any output: another try may be made. */
static bool is_failing(const struct stream *s)
{
	if (s->fold.output_seen)
		return false;
	return s->fold.status == STATUS_FAILED || (!is_over(s) && s->fold.error_seen);
}

/* A response that has ended, or failed, gives the provider a moment to say more. */
static void look_for_end(struct stream *s)
{
	if (!s->fold.settled)
		stop_waiting(s);
	else if (is_failing(s) || s->waiting == WAITING_TO_END)
		wait_for(s, WAITING_TO_END, SETTLING_MS);
	else if (s->waiting == WAITING_NOT)
		wait_for(s, WAITING_TO_SHOW, UNSHOWN_MS);
}

static void end_as_costly(struct stream *s)
{
	fail(s, "invalid_provider_answer",
	    "The provider's events take too much work: they change over and over what has much "
	    "behind it.");
}

/* Folds an event in. Returns false when that settles everything. */
static bool take_event(struct stream *s, struct span data)
{
	enum fold_result result = fold_event(&s->fold, data);

	if (s->fold.warning[0] != '\0')
		warn_skipped(s);
	if (result == FOLD_COSTLY) {
		end_as_costly(s);
		return false;
	}
	if (result != FOLD_CHANGED && result != FOLD_TERMINAL)
		return true;
	if (!s->begun && s->fold.output_seen)
		begin_output(s);
	if (too_large(s))
		return false;
	if (s->fold.progress || !s->fold.settled)
		look_for_end(s);
	return true;
}

static bool is_done_marker(struct span data)
{
	while (data.len > 0 && (data.p[data.len - 1] == ' ' || data.p[data.len - 1] == '\t'))
		data.len--;
	return span_is(data, "[DONE]");
}

static bool on_event(void *ctx, struct span data)
{
	struct stream *s = ctx;
	struct buf clean = {0};
	bool more;

	if (is_done_marker(data)) {
		s->done = true;
		end_call(s);
		end_of_stream(s);
		return false;
	}
	if (!secrets_are_in(data, &s->errand.secrets))
		return take_event(s, data);
	secrets_redact(&clean, data, &s->errand.secrets);
	more = take_event(s, buf_span(&clean));
	buf_free(&clean);
	return more;
}

static bool on_head(void *ctx, CURL *easy, long status)
{
	struct stream *s = ctx;
	char media_type[TRANSFER_MEDIA_TYPE_SIZE];

	transfer_media_type(easy, media_type);
	s->status = status;
	s->is_stream = strcmp(media_type, "text/event-stream") == 0;
	if (status > 299)
		s->answer = ANSWER_ERROR;
	else if (strcmp(media_type, "application/json") == 0)
		s->answer = ANSWER_OBJECT;
	else
		s->answer = ANSWER_EVENTS;
	return s->answer == ANSWER_ERROR;
}

static void event_too_long(struct stream *s)
{
	fail(s, "event_too_large", "The provider sent an event of more than %zu bytes.",
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
	    s->config->flush_interval_ms <= LONGEST_HOLD_MS && writer_is_pausing(&s->writer))
		upstream_hold(s->errand.call);
}

/* What may still be taken back, or be all, is not worth a write of its own yet. */
static void show_changes(struct stream *s)
{
	if (s->writer.ending || (s->waiting != WAITING_TO_SHOW && !is_failing(s)))
		writer_changed(&s->writer);
}

static void on_writer_ready(void *ctx)
{
	struct stream *s = ctx;

	s->was_held = true;
	if (s->errand.call != NULL && !upstream_read(s->errand.call))
		return;
	s->was_held = false;
	show_changes(s);
}

static bool on_event_bytes(struct stream *s, struct span bytes)
{
	bool often = s->was_held || writer_is_pausing(&s->writer);
	enum sse_result result = sse_feed(&s->sse, bytes);

	if (result == SSE_TOO_LONG)
		event_too_long(s);
	if (result == SSE_OK) {
		show_changes(s);
		if (often)
			hold_if_pausing(s, bytes);
	}
	return s->errand.call != NULL || !s->cut;
}

static bool on_object_bytes(struct stream *s, struct span bytes)
{
	size_t limit = s->config->max_event_bytes;

	if (s->body.len + bytes.len > limit) {
		fail(
		    s, "event_too_large", "The provider's answer is larger than %zu bytes.", limit);
		return false;
	}
	buf_append_span(&s->body, bytes);
	return true;
}

static bool on_body(void *ctx, struct span bytes)
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

/* ---- calling the provider -------------------------------------------------------------------- */

/* What an attempt without output has left in the object goes. */
static void reset_fold(struct stream *s)
{
	if (!s->fold.any_event)
		return;
	fold_close(&s->fold);
	if (!fold_open(&s->fold, buf_span(&s->initial)))
		fatalx("an object that was read cannot be read again");
	document_mark_unknown(&s->fold.doc);
}

/* Arranges for another try of a request that has brought no output. False if none is left. */
static bool try_again(
    struct stream *s, enum call_failure failure, double retry_after, const char *why)
{
	if (s->begun || !errand_try_again(&s->errand, failure, retry_after, why))
		return false;
	reset_fold(s);
	return true;
}

static void end_with_provider_error(struct stream *s, double retry_after)
{
	struct buf error = {0};
	char why[64];

	errand_tell_health(&s->errand, s->status);
	snprintf(why, sizeof(why), "the provider answered HTTP %ld", s->status);
	if (try_again(s, errand_failure(&s->errand, s->status, retry_after), retry_after, why))
		return;
	log_info("%s failed: %s", s->id, why);
	provider_error(&error, s->status, buf_span(&s->body), &s->errand.secrets);
	fold_fail_with(&s->fold, buf_span(&error));
	buf_free(&error);
	end(s);
}

static void end_with_object(struct stream *s)
{
	enum fold_result result;
	struct buf clean = {0};
	struct span body;

	secrets_redact(&clean, buf_span(&s->body), &s->errand.secrets);
	buf_free(&s->body);
	s->body = clean;
	body = buf_span(&s->body);
	if (!json_check(body, JSON_ACCEPT_BAD_UTF8, NULL, NULL) ||
	    !json_string_is(json_get(body, "object"), "response")) {
		fail(s, "invalid_provider_answer",
		    "The provider answered with JSON that is no Response object.");
		return;
	}
	result = fold_response(&s->fold, body);
	if (s->fold.warning[0] != '\0')
		warn_skipped(s);
	if (result == FOLD_COSTLY)
		end_as_costly(s);
	else if (!too_large(s))
		conclude(s);
}

/* Hands on an event that only lacks its blank line. False if that settled everything. */
static bool last_event(struct stream *s)
{
	if (sse_end(&s->sse) == SSE_TOO_LONG)
		event_too_long(s);
	return !s->writer.ending && !s->done;
}

static void end_by_disconnection(struct stream *s, const char *why)
{
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_PASSING, -1, why))
		begin_again_or_fail(s, "upstream_disconnected", broke_off);
}

/* The stream's end means that nothing was answered. */
static void end_without_event(struct stream *s)
{
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

	errand_tell_health(&s->errand, status);
	snprintf(why, sizeof(why), "the provider's stream brought an error like HTTP %ld", status);
	if (try_again(s, errand_failure(&s->errand, status, -1), -1, why))
		return;
	fold_end(&s->fold);
	log_info("%s failed: %s", s->id, why);
	end(s);
}

/* The stream has said all, and properly. */
static void end_by_provider(struct stream *s)
{
	errand_tell_health(&s->errand, s->status);
	fold_end(&s->fold);
	end(s);
}

/* The provider has nothing more to say, or had a second to say it. */
static void conclude(struct stream *s)
{
	if (is_failing(s))
		end_with_stream_error(s);
	else if (!s->fold.any_event)
		end_without_event(s);
	else if (!s->done && fold_is_open(&s->fold))
		end_by_disconnection(s, "the provider's stream ended within an item");
	else
		end_by_provider(s);
}

/*
 * The stream ends, within a callback of libcurl or of the parser, where only an end that goes on
 * with a write can be made.
 */
static void end_of_stream(struct stream *s)
{
	if (s->fold.any_event && !is_failing(s))
		end_by_provider(s);
	else
		wait_for(s, WAITING_TO_END, 0);
}

/* The stream of events is over, or the connection. */
static void end_of_events(struct stream *s, enum upstream_end how)
{
	if (how != UPSTREAM_DISCONNECTED && !last_event(s))
		return;
	if (knows_end(s))
		conclude(s);
	else if (how == UPSTREAM_DISCONNECTED)
		end_by_disconnection(s, "the provider closed the connection");
	else if (!s->is_stream && !s->fold.any_event)
		fail(s, "invalid_provider_answer",
		    "The provider answered with something else than a stream of events.");
	else if (how == UPSTREAM_COMPLETE || !s->fold.any_event)
		conclude(s);
	else
		end_by_disconnection(s, "the provider closed the connection");
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct stream *s = ctx;
	enum waiting waiting = s->waiting;

	(void)fd;
	(void)what;
	s->waiting = WAITING_NOT;
	if (waiting == WAITING_TO_SHOW) {
		wait_for(s, WAITING_TO_END, SETTLING_MS - UNSHOWN_MS);
		show_changes(s);
	} else {
		end_call(s);
		conclude(s);
	}
}

/* It would not be better at another try, but another deployment may be. */
static void end_by_timeout(struct stream *s, const char *error)
{
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_DEPLOYMENT, -1, error))
		fail(s, "upstream_timeout", "The provider took too long: %s.", error);
}

/* Likewise. */
static void end_by_invalid_answer(struct stream *s, const char *error)
{
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_DEPLOYMENT, -1, error))
		fail(s, "invalid_provider_answer", "The provider's answer cannot be taken: %s.",
		    error);
}

static void end_without_answer(struct stream *s, const char *error)
{
	errand_tell_health(&s->errand, 0);
	if (!try_again(s, FAILURE_PASSING, -1, error))
		fail(s, "upstream_unreachable", "The provider cannot be reached: %s.", error);
}

/* The deployment's own headers cannot be sent. */
static void end_unasked(struct stream *s, const char *error)
{
	if (!try_again(s, FAILURE_DEPLOYMENT, -1, error))
		fail(s, "invalid_deployment", "The provider cannot be asked: %s.", error);
}

static void on_end(void *ctx, const struct upstream_result *result)
{
	struct stream *s = ctx;

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

	stop_waiting(s);
	s->answer = ANSWER_NONE;
	s->done = false;
	s->status = 0;
	s->cut = false;
	buf_free(&s->body);
	sse_free(&s->sse);
	sse_init(&s->sse, s->config->max_event_bytes, on_event, s);
	s->sse.is_idle = event_is_idle;
}

static void write_body(void *ctx, struct buf *out)
{
	struct stream *s = ctx;

	upstream_body(out, s->errand.choice.deployment, s->errand.choice.model,
	    buf_span(&s->request), buf_span(&s->context), buf_span(&s->input));
}

static const struct errand_user errand_user = {
    .write_body = write_body,
    .on_begin = on_begin,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
};

/* ---- the beginning --------------------------------------------------------------------------- */

static void choose_deployment(struct stream *s, const struct claimed_job *job)
{
	char *id = xmemdup(job->deployment.p, job->deployment.len);

	attempts_begin(&s->errand.choice, s->config, &s->roster->health, s->model);
	if (job->deployment.len != 0 && job->follows)
		attempts_stay(&s->errand.choice, id);
	else if (job->deployment.len != 0)
		attempts_prefer(&s->errand.choice, id);
	free(id);
}

static void begin(struct stream *s)
{
	if (s->attempt > s->config->max_attempts)
		fail(s, "supervisor_lost",
		    "The process that ran this response was lost, %lld times over.",
		    s->attempt - 1);
	else if (s->errand.choice.deployment == NULL)
		fail(s, "model_not_found", "No deployment that can be called serves this model.");
	else
		errand_begin(&s->errand);
}

struct stream *stream_start(const struct stream_host *host, const struct claimed_job *job)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	if (!fold_open(&s->fold, job->object)) {
		log_warnx("%s: the stored object is not one of ours; dropped", job->id);
		job_drop(host->jobs, job->id);
		free(s);
		return NULL;
	}
	s->host = host;
	s->roster = roster_hold(host->roster);
	s->config = s->roster->config;
	s->attempt = job->attempts;
	s->errand = (struct errand){
	    .host = &host->errand,
	    .user = &errand_user,
	    .ctx = s,
	    .roster = s->roster,
	    .name = s->id,
	    .method = "POST",
	    .path = SPAN("responses"),
	    .query = "",
	    .accept = "text/event-stream",
	    .streams = true,
	};
	snprintf(s->id, sizeof(s->id), "%s", job->id);
	s->model = xmemdup(job->model.p, job->model.len);
	buf_append_span(&s->request, job->request);
	buf_append_span(&s->context, job->context);
	buf_append_span(&s->input, job->input);
	buf_append_span(&s->initial, job->object);
	s->writer = (struct writer){
	    .id = s->id,
	    .fence = job->fence,
	    .fold = &s->fold,
	    .interval_ms = s->config->flush_interval_ms,
	    .over = on_writer_over,
	    .ready = on_writer_ready,
	    .ctx = s,
	};
	writer_open(&s->writer, host->base, host->jobs);
	choose_deployment(s, job);
	begin(s);
	return s;
}

void stream_adopt(struct stream *s, const struct claimed_job *job)
{
	writer_restart(&s->writer, job->fence);
}

void stream_resume(struct stream *s)
{
	writer_resume(&s->writer);
}

void stream_renew(struct stream *s)
{
	writer_renew(&s->writer);
}

void stream_revoke(struct stream *s)
{
	if (s->gone)
		return;
	job_drop(s->host->jobs, s->id);
	let_go(s);
}

void stream_release(struct stream *s)
{
	if (s->gone || s->writer.ending)
		return;
	if (s->fold.settled && is_over(s) && !is_failing(s)) {
		end_call(s);
		end_by_provider(s);
		return;
	}
	job_release(s->host->jobs, s->id, s->writer.fence, false);
	let_go(s);
}
