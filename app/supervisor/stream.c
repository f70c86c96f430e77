#include "stream_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/response/event.h"

const char *stream_id(const struct stream *s)
{
	return s->id;
}

static void close_call(struct stream *s)
{
	s->cut = s->cut || s->errand.call != NULL;
	errand_stop(&s->errand);
}

void stream_free_request(struct stream *s)
{
	buf_free(&s->request);
	buf_free(&s->context);
	buf_free(&s->input);
	buf_free(&s->headers);
	buf_free(&s->initial);
}

void stream_free(struct stream *s)
{
	free(s->model);
	stream_close_account(s);
	errand_close(&s->errand);
	roster_free(s->roster);
	stream_free_request(s);
	stream_close_makers(s);
	buf_free(&s->body);
	sse_free(&s->sse);
	translation_free(s->translation);
	fold_close(&s->fold);
	narrator_free(s->narrator);
	event_log_close(&s->log);
	writer_close(&s->writer);
	if (s->timer != NULL)
		event_free(s->timer);
	free(s);
}

void stream_stop_waiting(struct stream *s)
{
	if (s->waiting == WAITING_NOT)
		return;
	event_del(s->timer);
	s->waiting = WAITING_NOT;
}

/* The stream has nothing more to do; a write that is under way still has to come back. */
void stream_let_go(struct stream *s)
{
	s->gone = true;
	close_call(s);
	writer_stop(&s->writer);
	stream_stop_waiting(s);
	if (writer_is_busy(&s->writer))
		return;
	s->host->ended(s->host->ctx, s);
	stream_free(s);
}

/* Events that readers may have are lost: what follows must not contradict what is stored. */
static void begin_again(struct stream *s)
{
	log_warnx("%s: Redis has lost events that were stored; beginning again", s->id);
	stream_give_back(s, s->writer.fence, true, RESTART_EVENTS_LOST);
}

static const char *ended_as(const struct stream *s, enum write_result result)
{
	if (result == WRITE_GONE)
		return "deleted";
	if (result == WRITE_ENDED)
		return response_status_name(STATUS_CANCELLED);
	return response_status_name(s->fold.status);
}

static void on_writer_over(void *ctx, enum write_result result)
{
	struct stream *s = ctx;
	struct jobs *jobs = s->host->jobs;

	if (!s->gone && result == WRITE_LOST)
		begin_again(s);
	else if (!s->gone && result != WRITE_TAKEN)
		stream_note_end(s, ended_as(s, result));
	stream_let_go(s);
	if (result == WRITE_TAKEN)
		jobs_look_again(jobs);
}

/* The status is settled: makes the last write. */
void stream_end(struct stream *s)
{
	stream_stop_waiting(s);
	if (s->narrator != NULL)
		narrator_end(s->narrator);
	stream_note_makers(s);
	if (s->errand.called != NULL)
		s->writer.deployment = s->errand.called->id;
	stream_settle_use(s);
	writer_end(&s->writer);
}

void stream_fail(struct stream *s, const char *code, const char *format, ...)
{
	struct buf message = {0};
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_puts(&message, text);
	errand_note_invalid(&s->errand);
	stream_note_failure(s, text);
	fold_fail(&s->fold, code, buf_span(&message));
	buf_free(&message);
	close_call(s);
	stream_end(s);
}

/* What of the request is for the gateway stands in front (create.c); the rest is what is asked. */
static struct span split_request(struct buf *obeyed, struct span request)
{
	size_t len = gateway_members_in_front(request);

	buf_putc(obeyed, '{');
	buf_append(obeyed, request.p, len > 0 && len < request.len ? len - 1 : len);
	buf_putc(obeyed, '}');
	return (struct span){request.p + len, request.len - len};
}

static void begin_attempts(struct stream *s, struct span obeyed)
{
	struct gateway_members members;
	struct api_error error;

	gateway_members_read(&members, obeyed, &error);
	attempts_begin(&s->errand.choice, s->config, &s->roster->health,
	    &(struct attempts_request){.model = s->model, .members = &members});
}

static void choose_deployment(struct stream *s, const struct claimed_job *job)
{
	char *id = xmemdup(job->deployment.p, job->deployment.len);
	struct buf obeyed = {0};

	buf_append_span(&s->request, split_request(&obeyed, job->request));
	begin_attempts(s, buf_span(&obeyed));
	buf_free(&obeyed);
	if (job->deployment.len != 0 && job->stays)
		attempts_stay(&s->errand.choice, id);
	else if (job->deployment.len != 0)
		attempts_prefer(&s->errand.choice, id);
	free(id);
}

/* Redis has lost it, as it may evict a key. */
static void tell_beginning(struct stream *s, const struct claimed_job *job)
{
	event_write_response(
	    event_log_room(&s->log), "response.created", job->object, event_log_next(&s->log));
	event_log_added(&s->log);
}

/* What earlier attempts have told goes on. */
static void begin_telling(struct stream *s, const struct claimed_job *job)
{
	unsigned long long bytes = 0;

	for (size_t i = 0; i < job->event_count; i++)
		bytes += job->events[i].len;
	event_log_open(&s->log, job->told, bytes);
	if (job->told == 0)
		tell_beginning(s, job);
	s->narrator = narrator_new(&s->log);
	if (job->event_count > 0)
		narrator_recall(s->narrator, job->object, job->events, job->event_count);
	narrator_follow(s->narrator, &s->fold);
}

static void begin(struct stream *s)
{
	if (s->attempt > s->config->max_attempts)
		stream_fail(s, "supervisor_lost",
		    "The process that ran this response was lost, %lld times over.",
		    s->attempt - 1);
	else if (s->errand.choice.deployment == NULL)
		stream_fail(
		    s, "model_not_found", "No deployment that can be called serves this model.");
	else
		errand_begin(&s->errand);
}

static void take_job(struct stream *s, const struct claimed_job *job)
{
	snprintf(s->id, sizeof(s->id), "%s", job->id);
	s->attempt = job->attempts;
	s->model = xmemdup(job->model.p, job->model.len);
	stream_open_account(s, job);
	stream_open_makers(s, job);
	buf_append_span(&s->context, job->context);
	buf_append_span(&s->input, job->input);
	buf_append_span(&s->headers, job->headers);
	buf_append_span(&s->initial, job->object);
}

static void open_errand(struct stream *s)
{
	s->errand = (struct errand){
	    .host = &s->host->errand,
	    .user = &stream_errand_user,
	    .ctx = s,
	    .roster = s->roster,
	    .name = s->id,
	    .request_id = s->account.request_id,
	    .method = "POST",
	    .path = SPAN("responses"),
	    .query = "",
	    .accept = "text/event-stream",
	    .streams = true,
	};
}

static void open_writer(struct stream *s, const struct claimed_job *job)
{
	s->writer = (struct writer){
	    .id = s->id,
	    .fence = job->fence,
	    .fold = &s->fold,
	    .interval_ms =
		job->streamed ? s->config->stream_interval_ms : s->config->flush_interval_ms,
	    .log = job->streamed ? &s->log : NULL,
	    .over = on_writer_over,
	    .ready = stream_on_writer_ready,
	    .ctx = s,
	};
	writer_open(&s->writer, s->host->base, s->host->jobs);
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
	take_job(s, job);
	open_errand(s);
	open_writer(s, job);
	choose_deployment(s, job);
	if (job->streamed)
		begin_telling(s, job);
	begin(s);
	if (job->streamed)
		stream_show_changes(s);
	return s;
}

/* Whether all that readers have been told is this stream's, or was there when it began. */
static bool has_told_all(const struct stream *s, const struct claimed_job *job)
{
	long long i = s->log.first;

	if (!job->streamed)
		return true;
	if (job->told < i || job->told > event_log_next(&s->log))
		return false;
	for (; i < job->told && i < (long long)job->event_count; i++) {
		size_t waiting = (size_t)(i - s->log.first);

		if (!span_eq(job->events[i], event_log_at(&s->log, waiting)))
			return false;
	}
	return true;
}

void stream_adopt(struct stream *s, const struct claimed_job *job)
{
	if (has_told_all(s, job)) {
		writer_restart(&s->writer, job->fence);
		return;
	}
	stream_give_back(s, job->fence, false, RESTART_OVERTAKEN);
	stream_let_go(s);
}

void stream_resume(struct stream *s)
{
	stream_note_makers_again(s);
	writer_resume(&s->writer);
}

void stream_renew(struct stream *s)
{
	writer_renew(&s->writer);
}

void stream_revoke(struct stream *s, bool deleted)
{
	if (s->gone)
		return;
	stream_note_end(s, deleted ? "deleted" : response_status_name(STATUS_CANCELLED));
	stream_let_go(s);
}

void stream_release(struct stream *s, enum restart_reason reason)
{
	if (s->gone || s->writer.ending)
		return;
	if (s->fold.settled && stream_is_over(s) && !stream_is_failing(s)) {
		stream_end_call(s);
		stream_end_by_provider(s);
		return;
	}
	stream_give_back(s, s->writer.fence, false, reason);
	stream_let_go(s);
}
