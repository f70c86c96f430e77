/*
 * What a worker does with jobs in Redis: takes ids from the queue, claims them, writes their
 * responses, ends or gives them back; keeps its own lease, and takes over the jobs of workers whose
 * lease has ended. Everything is asynchronous. Connections are made again by themselves; what was
 * under way then is sorted out by asking Redis what this worker holds.
 */
#ifndef RESPOOL_JOBS_H
#define RESPOOL_JOBS_H

#include <stdatomic.h>
#include <stdbool.h>

#include <event2/event.h>

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/response/event_log.h"
#include "common/response/fold.h"
#include "common/provider/health.h"
#include "keys.h"
#include "common/response/response.h"
#include "counts.h"
#include "restart_reason.h"

struct jobs;

/* A job that has become this worker's. The spans are valid during the call only. */
struct claimed_job {
	const char *id;
	long long fence;        /* to be shown with every write */
	long long attempts;     /* this one included */
	struct span model;      /* as the client named it */
	struct span request;    /* create_request.rest */
	struct span input;      /* raw JSON, or empty */
	struct span object;     /* the stored Response object */
	struct span context;    /* raw JSON items, joined by commas, to stand before the input */
	struct span deployment; /* the id of the one to begin with, or empty */
	bool stays;             /* no other can answer: it follows what only that one knows */
	struct span headers;    /* for the provider: client_headers.h; may be empty */
	struct span tenant;     /* empty for anonymous */
	bool streamed;          /* it has events, and flushes need an event_log */
	struct span request_id; /* of the request that created it; may be empty */
	long long age_ms;       /* since its creation */
	long long waited_ms;    /* of that until a worker first began with it */
	long long told;         /* how many are stored; 0 if Redis has lost them */
	/* All that are stored; none unless there are two at least. */
	const struct span *events;
	size_t event_count;
};

struct jobs_user {
	void (*claimed)(void *ctx, const struct claimed_job *job);
	/* A client has cancelled or deleted a response; most are other workers'. */
	void (*revoked)(void *ctx, const char *id, bool deleted);
	/* Whether this worker is at work on the id. */
	bool (*holds)(void *ctx, const char *id);
	/* Writes are possible (again). */
	void (*up)(void *ctx);
	/* jobs_leave() has finished. */
	void (*left)(void *ctx);
	/*
	 * An operator wants all jobs given to others, and none taken, from now on, or (false) no
	 * more. Called once for each change.
	 */
	void (*drain)(void *ctx, bool draining);
	void *ctx;
};

/*
 * name is this worker's, unique among all that share the Redis. predecessor is the name of a worker
 * that has certainly ended, whose jobs are taken over at once; NULL if there is none. user is not
 * copied, config is held.
 */
struct jobs *jobs_new(struct event_base *base, struct config *config, const char *name,
    const char *predecessor, const struct jobs_user *user);
/* Pending writes are reported as WRITE_UNKNOWN. */
void jobs_free(struct jobs *jobs);

/*
 * From now on health is kept up to date with what all workers know, about once a second. It must
 * outlive jobs, or the next call of this.
 */
void jobs_watch_health(struct jobs *jobs, struct health *health);

/*
 * Tells the others how a call to a deployment of config has ended, as errand_host.report says, and
 * brings the watched health up to date at once. Lost if Redis is away.
 */
void jobs_report_health(struct jobs *jobs, const struct config *config,
    const struct deployment *deployment, bool failed, long long limit_ms);

/*
 * Once Redis is there, looks at its version, settings and distance, and logs what there is to be
 * advised, unless *given says that this has been done. Then it says so. It must outlive jobs, and
 * other processes may share it. To be called before the event loop runs.
 */
void jobs_advise(struct jobs *jobs, atomic_bool *given);

/* Whether Redis has confirmed this worker's lease, and it has not run out since. */
bool jobs_have_lease(const struct jobs *jobs);

/* How many more jobs to take from the queue: 0 in the beginning. */
void jobs_accept(struct jobs *jobs, int room);

enum write_result {
	WRITE_DONE,
	WRITE_ENDED,    /* the job is terminal, cancelled that is: let it go */
	WRITE_GONE,     /* the job is gone, deleted or expired: likewise */
	WRITE_TAKEN,    /* the job was taken from us: jobs_look_again() */
	WRITE_MISMATCH, /* the stored text is not what we thought: the whole text is needed */
	WRITE_LOST,     /* events that were stored are not there any more: to begin anew */
	WRITE_UNKNOWN,  /* the connection broke: it may have been written or not */
};

/* One write under way. Belongs to the caller and must live until done was called. */
struct response_write {
	struct jobs *jobs;
	void (*done)(void *ctx, enum write_result result);
	void *ctx;
	/* The rest is the writing's own; response_write_free() frees it. */
	long long count;      /* of writes so far, by which Redis can tell that it has lost one */
	long long renewed_at; /* ms: when the time to live was last renewed */
	struct buf slots;     /* what fold_open_slots() said at the last write */
	const char *told_deployment; /* that of the last write */
	/*
	 * What the response has used, as use_write() writes it, told with the write that ends it;
	 * NULL if that is not known. The caller's, which sets it before.
	 */
	const char *use;
};

void response_write_free(struct response_write *write);

/*
 * Writes what of the fold's document is not stored yet, together with the other writes of this
 * turn of the event loop, and renews the time to live once a second; terminal is
 * the state that ends the job, or STATUS_COUNT. deployment is the id of the one that answers or has
 * answered, or NULL; it is noted, and has to outlive the writing. On success the document counts as
 * stored at once. Returns false if nothing was sent because Redis is away: up() tells when it is
 * back.
 *
 * log has the events of a streamed response that are not known to be stored; so many of them as
 * event_log_batch() says now are written with the document, or none if the result is not
 * WRITE_DONE. terminal may only be given with all there are. log is NULL if the response is not
 * streamed. When they are stored, the caller drops these, and no others that were added meanwhile.
 * Events that are stored already are not stored twice.
 */
bool response_flush(struct response_write *write, const char *id, long long fence,
    struct fold *fold, const struct event_log *log, enum response_status terminal,
    const char *deployment);

/*
 * Remembers for ttl seconds who made an encrypted content: the deployment of that id, asked by that
 * model. hash is the content's. What response_flush() is told afterwards is stored later, except in
 * a Cluster. Returns false if nothing was sent because Redis is away.
 */
bool jobs_note_maker(
    struct jobs *jobs, const char *hash, const char *deployment, const char *model, long ttl);

/*
 * Lets go of an id whose job goes on as it is, or has ended as nobody knows. Nothing is counted,
 * and operators go on seeing what they saw.
 */
void job_drop(struct jobs *jobs, const char *id);

/*
 * Lets go of an id whose job has ended, as this worker knows: how is a terminal status' name, or
 * "deleted"; use is what it has used, as use_write() writes it, or NULL if that is not known. It is
 * counted, unless it has been already.
 */
void job_end(struct jobs *jobs, const char *id, const char *how, const char *use);

/*
 * Notes in the job's history that the request was sent again, and why: to which deployment, by its
 * label, and what had gone wrong. Secrets have no place in it.
 */
void job_note_retry(struct jobs *jobs, const char *id, long long fence, const char *why);

/*
 * A job was taken from this worker, and its id may still be in this worker's list: finds out what
 * is to become of what is there and not held.
 */
void jobs_look_again(struct jobs *jobs);

/*
 * Gives a job back to the queue, to begin again from the start, by whichever worker takes it.
 * Unless counted, the attempt does not count.
 */
void job_release(
    struct jobs *jobs, const char *id, long long fence, bool counted, enum restart_reason reason);

/*
 * What the next beat adds to the installation's counters: once, also if it has to be sent again. It
 * is lost if the process is killed before.
 */
struct counts *jobs_counts(struct jobs *jobs);
/* How many streams the next beat says that this worker has, and how many it has room for. */
void jobs_show(struct jobs *jobs, int streams, int most_streams);

/*
 * Takes no more jobs, gives back all that this worker still holds, and forgets the worker; then
 * calls left().
 */
void jobs_leave(struct jobs *jobs);

#endif
