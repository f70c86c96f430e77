/*
 * One job at work: its request to the provider, the folding of the events that come back, and the
 * writing of what changed.
 *
 *	start -> call the provider -> fold events, flush -> seal -> last write -> gone
 *	              ^    |
 *	              +----+ again, or another deployment, when nothing came yet
 *
 * While all deployments are limited a stream waits, and keeps its place: given back, its job would
 * lose its turn, and the worker that takes it next would wait as well.
 *
 * The first text is written as soon as it comes, later text at most every flush_interval_ms. Of a
 * response that has readers of its events, these are written with it, every stream_interval_ms. A
 * stream that another party has ended (cancel, delete, reclaim) learns of it by revocation or by
 * its next write, and closes the provider's connection.
 */
#ifndef RESPOOL_STREAM_H
#define RESPOOL_STREAM_H

#include <stdbool.h>

#include <event2/event.h>

#include "common/store/jobs.h"
#include "common/provider/roster.h"
#include "common/provider/errand.h"

struct stream;

/* What the streams of one worker share. */
struct stream_host {
	struct roster *roster; /* for new streams; each holds the one that it began with */
	struct event_base *base;
	struct jobs *jobs;
	struct errand_host errand;
	/* The stream has let go of its job and is about to be freed. */
	void (*ended)(void *ctx, struct stream *stream);
	void *ctx;
};

/*
 * Starts work on a claimed job. NULL if its stored object is not one of ours; the job is dropped
 * then.
 */
struct stream *stream_start(const struct stream_host *host, const struct claimed_job *job);

const char *stream_id(const struct stream *stream);

/*
 * The job was claimed once more by this same worker: goes on under the new fence. If another worker
 * has told readers something meanwhile, the stream is let go of, and the job goes back into the
 * queue.
 */
void stream_adopt(struct stream *stream, const struct claimed_job *job);

/*
 * The job has been cancelled or (deleted) deleted: closes the provider's connection, writes no
 * more.
 */
void stream_revoke(struct stream *stream, bool deleted);

/* Writes are possible again. */
void stream_resume(struct stream *stream);

/*
 * To be called every now and then: renews the time to live of a stream that has nothing to write,
 * and so learns whether the job is still ours.
 */
void stream_renew(struct stream *stream);

/*
 * Gives the job back to the queue without counting the attempt: the worker stops, or is drained.
 * One that is making its last write goes on.
 */
void stream_release(struct stream *stream, enum restart_reason reason);

/* Frees a stream at once, and ends its call; jobs must not call back any more. */
void stream_free(struct stream *stream);

#endif
