/*
 * Where the ids of jobs are, and how they get back: dropping them, giving them back to the queue,
 * taking them from a worker that is lost. Everything is asynchronous; what cannot be sent as Redis
 * is away is made good when this worker, or another one, looks at the lists again.
 */
#ifndef RESPOOL_JOB_LISTS_H
#define RESPOOL_JOB_LISTS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "beat_counts.h"
#include "keys.h"
#include "redis_client.h"
#include "restart_reason.h"

struct job_lists;

/* An id that a command under way is about. It is busy until id_call_free(). */
struct id_call {
	LIST_ENTRY(id_call) link;
	struct job_lists *lists;
	char worker[WORKER_NAME_SIZE]; /* in whose list it is */
	char id[RESPONSE_ID_MAX + 1];
	enum restart_reason reason; /* of a job that is given back */
};

LIST_HEAD(id_calls, id_call);

struct job_lists {
	struct redis_client *commands;
	const struct key_space *space;
	const char *self; /* the name of this worker */
	struct beat_counts *counts;
	long ttl;             /* s: how long a job is kept, unless Redis knows it */
	const char *webhooks; /* webhooks_config.lines: who is told of ends */
	struct id_calls calls;
	char told[WORKER_NAME_SIZE]; /* whose jobs it was logged last that they are taken over */
	long long told_at;           /* ms: when */
	int open;                    /* changes whose replies have yet to come */
	void (*idle)(void *ctx);     /* called when the last of them has come */
	void (*freed)(void *ctx, const char *id);
	void *ctx;
};

struct id_call *id_call_new(struct job_lists *lists, const char *worker, const char *id);
void id_call_free(struct id_call *call);
/* Whether a command about the id is under way. */
bool job_lists_busy(const struct job_lists *lists, const char *id);

/* For other changes that idle() has to wait for. */
void job_lists_change_opened(struct job_lists *lists);
void job_lists_change_closed(struct job_lists *lists);

/*
 * The id that a reply from this worker's or another's list names. What is no id of a response is
 * dropped from that list and logged, and NULL returned.
 */
const char *job_lists_id(struct job_lists *lists, const char *worker, const redisReply *reply);

/*
 * Removes the id, whose job has ended or is gone, from the worker's list and from the count, and
 * counts how that was, as drop_args.h has it.
 */
void job_lists_drop(struct job_lists *lists, const char *worker, const char *id, const char *how);
/*
 * Moves the id from the worker's list to the head of the queue. anew: it was a worker's meanwhile,
 * and begins to wait now.
 */
void job_lists_requeue(struct job_lists *lists, const char *worker, const char *id, bool anew);
/*
 * For an id in this worker's list whose job is another's: if that worker is lost, takes the job
 * from it and calls freed(), and the id can be claimed; drops the id if its job has ended.
 */
void job_lists_challenge(struct job_lists *lists, const char *id, const char *owner);
/*
 * Gives up this worker's claim and queues the id again. Unless counted, the attempt does not count.
 */
void job_lists_release(struct job_lists *lists, const char *id, long long fence, bool counted,
    enum restart_reason reason);
/* Notes in the job's history that its request was sent again, and why. */
void job_lists_note(struct job_lists *lists, const char *id, long long fence, const char *why);
/*
 * Queues again what a worker holds that has ended; forgets it if it holds nothing. Of this worker
 * itself only the first is done: see job_lists_bury().
 */
void job_lists_take_over(struct job_lists *lists, const char *worker);
/*
 * Forgets a worker if its list is empty and its lease has ended, or if it is this one: then Redis
 * gets what there is to count.
 */
void job_lists_bury(struct job_lists *lists, const char *worker);
/* Asks for the ids that a worker holds: fn gets an array reply. False if Redis is away. */
bool job_lists_read(
    struct job_lists *lists, const char *worker, redisCallbackFn *fn, void *privdata);

#endif
