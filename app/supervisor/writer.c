#include "writer.h"

#include <time.h>

#include "common/base/log.h"

enum {
	PAUSE_AFTER_FAILURE_MS = 1000,
	/* Pauses end together, so that one turn of the loop and one packet serve many writers. */
	GRID_US = 10000,
	/*
	 * Bytes that may be written of any response before its last state, and for each byte of its
	 * events: where changes move a large rest again and again, fewer of them are shown.
	 */
	BYTES_ALLOWED = 64 << 20,
	BYTES_PER_BYTE = 16,
};

static void pause_writing(struct writer *writer, int ms)
{
	struct timeval now, delay;
	long us = ms * 1000L;

	event_base_gettimeofday_cached(event_get_base(writer->pause), &now);
	if (us > GRID_US)
		us -= (now.tv_usec + us) % GRID_US;
	delay = (struct timeval){us / 1000000, us % 1000000};
	event_add(writer->pause, &delay);
}

static bool has_events(const struct writer *writer)
{
	return writer->log != NULL && event_log_count(writer->log) > 0;
}

static bool is_due(const struct writer *writer)
{
	return writer->ending || writer->renewing || document_is_dirty(&writer->fold->doc) ||
	       has_events(writer);
}

static bool is_affordable(const struct writer *writer, unsigned long long bytes)
{
	return writer->ending || writer->renewing ||
	       writer->bytes + bytes <= BYTES_ALLOWED + BYTES_PER_BYTE * writer->fold->bytes;
}

/* The last write is one that takes all events, and only that says that the response has ended. */
static bool is_last(const struct writer *writer)
{
	return writer->ending && (writer->log == NULL ||
				     event_log_batch(writer->log) == event_log_count(writer->log));
}

static bool flush(struct writer *writer, bool last)
{
	struct fold *fold = writer->fold;

	if (last && !writer->sealed)
		fold_seal(fold, time(NULL));
	writer->sealed = writer->sealed || last;
	return response_flush(&writer->write, writer->id, writer->fence, fold, writer->log,
	    last ? fold->status : STATUS_COUNT, writer->deployment);
}

static void write_now(struct writer *writer)
{
	size_t bytes = document_dirty_bytes(&writer->fold->doc);
	size_t telling = writer->log != NULL ? event_log_batch(writer->log) : 0;
	bool last = is_last(writer);

	if (writer->writing || writer->stopped)
		return;
	if (!is_affordable(writer, bytes)) {
		pause_writing(writer, writer->interval_ms);
		return;
	}
	if (!flush(writer, last))
		return;
	writer->telling = telling;
	writer->bytes += bytes;
	writer->writing = true;
	writer->shown_fence = writer->fence;
	writer->writing_last = last;
	writer->written = true;
	writer->renewing = false;
	writer->text_shown = writer->text_shown || writer->fold->text_seen;
	pause_writing(writer, writer->interval_ms);
}

/* Nobody waits for it within milliseconds, and many go together when the pauses of others end. */
static void wait_for_grid(struct writer *writer)
{
	struct timeval now, delay;

	event_base_gettimeofday_cached(event_get_base(writer->pause), &now);
	delay = (struct timeval){0, GRID_US - now.tv_usec % GRID_US};
	event_add(writer->pause, &delay);
}

/* The loop's time is the same for all that is done in one turn. */
static bool is_on_grid(const struct writer *writer)
{
	struct timeval now;

	event_base_gettimeofday_cached(event_get_base(writer->pause), &now);
	return now.tv_sec == writer->paused_until.tv_sec &&
	       now.tv_usec == writer->paused_until.tv_usec;
}

void writer_changed(struct writer *writer)
{
	bool urgent = writer->ending || (writer->fold->text_seen && !writer->text_shown);

	if (urgent)
		write_now(writer);
	else if (!is_due(writer) || event_pending(writer->pause, EV_TIMEOUT, NULL))
		return;
	else if (writer->log != NULL || is_on_grid(writer))
		write_now(writer);
	else
		wait_for_grid(writer);
}

bool writer_is_pausing(const struct writer *writer)
{
	return !writer->ending && writer->text_shown &&
	       event_pending(writer->pause, EV_TIMEOUT, NULL);
}

static void on_pause_over(evutil_socket_t fd, short what, void *ctx)
{
	struct writer *writer = ctx;

	(void)fd;
	(void)what;
	event_base_gettimeofday_cached(event_get_base(writer->pause), &writer->paused_until);
	writer->ready(writer->ctx);
}

static bool is_over(const struct writer *writer, enum write_result result)
{
	return writer->stopped || result == WRITE_ENDED || result == WRITE_GONE ||
	       result == WRITE_TAKEN || result == WRITE_LOST ||
	       (result == WRITE_DONE && writer->writing_last);
}

static void on_written(void *ctx, enum write_result result)
{
	struct writer *writer = ctx;

	writer->writing = false;
	if (result == WRITE_TAKEN && writer->shown_fence != writer->fence)
		result = WRITE_MISMATCH; /* it was ourselves who took it, by claiming again */
	if (result == WRITE_DONE && writer->log != NULL)
		event_log_drop(writer->log, writer->telling);
	if (is_over(writer, result)) {
		writer_stop(writer);
		writer->over(writer->ctx, result);
	} else if (result == WRITE_DONE) {
		writer_changed(writer);
	} else {
		document_mark_unknown(&writer->fold->doc);
		if (result == WRITE_MISMATCH)
			write_now(writer);
		else
			pause_writing(writer, PAUSE_AFTER_FAILURE_MS);
	}
}

void writer_end(struct writer *writer)
{
	writer->ending = true;
	write_now(writer);
}

void writer_restart(struct writer *writer, long long fence)
{
	writer->fence = fence;
	document_mark_unknown(&writer->fold->doc);
	write_now(writer);
}

void writer_resume(struct writer *writer)
{
	if (is_due(writer))
		write_now(writer);
}

void writer_renew(struct writer *writer)
{
	if (!writer->written) {
		writer->renewing = true;
		write_now(writer);
	}
	writer->written = false;
}

void writer_stop(struct writer *writer)
{
	writer->stopped = true;
	event_del(writer->pause);
}

bool writer_is_busy(const struct writer *writer)
{
	return writer->writing;
}

void writer_open(struct writer *writer, struct event_base *base, struct jobs *jobs)
{
	writer->write = (struct response_write){.jobs = jobs, .done = on_written, .ctx = writer};
	writer->pause = evtimer_new(base, on_pause_over, writer);
	if (writer->pause == NULL)
		fatalx("out of memory");
}

void writer_close(struct writer *writer)
{
	event_free(writer->pause);
	response_write_free(&writer->write);
}
