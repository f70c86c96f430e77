/*
 * When a response's changes are written: the first text as soon as it comes, later text at most
 * every so often, the last state until Redis has taken it. While Redis is away changes gather in
 * the document.
 */
#ifndef RESPOOL_WRITER_H
#define RESPOOL_WRITER_H

#include <stdbool.h>

#include <event2/event.h>

#include "common/response/fold.h"
#include "common/store/jobs.h"

struct writer {
	const char *id; /* of the response; the caller's */
	long long fence;
	struct fold *fold;      /* the caller's */
	struct event_log *log;  /* the caller's; NULL if nothing is told */
	const char *deployment; /* id of the one that answers or has answered; or NULL */
	int interval_ms;
	/*
	 * Nothing more will be written: the last state is (WRITE_DONE), the job is terminal or gone
	 * (WRITE_ENDED), or another worker's (WRITE_TAKEN), or events that were written are not
	 * stored any more (WRITE_LOST).
	 */
	void (*over)(void *ctx, enum write_result result);
	/*
	 * A write could be made now, and none is under way: the time to see what there is to write.
	 * Then writer_changed() is to be called.
	 */
	void (*ready)(void *ctx);
	void *ctx;

	/* The rest is the writer's own. */
	struct response_write write;
	struct event *pause;      /* pending: a write was made a moment ago */
	unsigned long long bytes; /* of the document, written so far */
	size_t telling;           /* how many events the write under way has */
	bool writing;             /* a write is under way */
	long long shown_fence;    /* the fence that it shows */
	bool writing_last;
	bool ending;
	bool sealed;                 /* the document says that the response has ended */
	bool text_shown;             /* the first text has been written */
	bool renewing;               /* to be written although nothing has changed */
	bool written;                /* since the last call of writer_renew() */
	struct timeval paused_until; /* when the last pause ended, as those of others did */
	bool stopped;
};

/* Sets up the writer's own part; the members above it must be set. */
void writer_open(struct writer *writer, struct event_base *base, struct jobs *jobs);
void writer_close(struct writer *writer);

/* The document may have changed. */
void writer_changed(struct writer *writer);
/* Whether ready() will be called, and nothing need be written before. */
bool writer_is_pausing(const struct writer *writer);
/* The fold has ended: seals the document, and what is written last ends the job. */
void writer_end(struct writer *writer);
/* Writes again under another fence; what is stored is not known. */
void writer_restart(struct writer *writer, long long fence);
/* Redis can be reached again. */
void writer_resume(struct writer *writer);
/* Extends the time to live if nothing was written since the last call. */
void writer_renew(struct writer *writer);
/*
 * Nothing more is to be written; over() is still called if a write is under way, when it is done.
 */
void writer_stop(struct writer *writer);
/* Whether a write is under way, so that the writer must not be closed yet. */
bool writer_is_busy(const struct writer *writer);

#endif
