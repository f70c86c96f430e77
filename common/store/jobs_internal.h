/*
 * What the parts of jobs share. jobs.c makes them and ends them; jobs_links.c keeps the
 * connections, jobs_lease.c the lease. jobs_take.c takes ids from the queue and jobs_claim.c claims
 * them; jobs_write.c writes their responses, jobs_maker.c who has made what nobody else can read,
 * jobs_index.c keeps the index true, jobs_health.c shares what calls to deployments have shown,
 * jobs_webhooks.c claims and reports deliveries, jobs_advice.c looks at Redis itself, and
 * jobs_leave.c gives all back.
 */
#ifndef RESPOOL_JOBS_INTERNAL_H
#define RESPOOL_JOBS_INTERNAL_H

#include <stdbool.h>

#include <event2/event.h>

#include "beat_counts.h"
#include "common/config/config.h"
#include "job_lists.h"
#include "jobs.h"
#include "keys.h"
#include "redis_client.h"
#include "write_batch.h"

/* What a leaving worker does next. */
enum leave_step { LEAVE_GIVE_BACK, LEAVE_BURY, LEAVE_DONE };

struct jobs {
	struct config *config;
	const struct jobs_user *user;
	char name[WORKER_NAME_SIZE];
	char predecessor[WORKER_NAME_SIZE]; /* "" once taken over */
	char drains_like[WORKER_NAME_SIZE]; /* the predecessor; "" once Redis has been told */
	struct buf about;                   /* process_about_write() */
	struct key_space space;
	struct running_key running;
	struct topology *topology;
	struct redis_client_user command_user, take_user, listen_user;
	struct redis_client *commands; /* scripts and all else that answers at once */
	struct write_batch *writes;    /* on commands */
	struct redis_client *take;     /* waits for the queue */
	struct redis_client *listen;   /* hears of cancellations */
	struct event *beat;
	int room;               /* how many more jobs the worker can take */
	int claiming;           /* claims under way */
	bool beating;           /* a beat is under way */
	bool taking;            /* a BLMOVE is under way */
	int taking_ms;          /* since then */
	int beat_ms;            /* between two beats */
	long long beat_sent_at; /* ms, of the monotonic clock: the last beat */
	long long beaten_at;    /* the last one that Redis has answered, when it was sent */
	long long looked_at;    /* when this worker last looked at its own list */
	int silent_ms;          /* since the last answer to a beat */
	int settled_ms;         /* since the lists of jobs can be reached */
	struct health *health;  /* NULL until jobs_watch_health() */
	struct job_lists lists;
	long long take_client; /* what Redis calls the connection of take; 0 if that is not known */
	bool leaving;
	enum leave_step leave_step;
	struct beat_counts counts;  /* jobs_counts() gathers them */
	int streams, most_streams;  /* jobs_show() */
	bool draining;              /* as the user knows it */
	struct jobs_advice *advice; /* NULL unless it is yet to be given */
	struct config *webhooks;    /* that of jobs_use_webhooks(), held; or NULL */
	long long redis_ahead_ms; /* at least, its clock of the monotonic one: by the last claim */
};

/* jobs_take.c: waits for the queue, unless there is no room or a wait is under way. */
void jobs_take_next(struct jobs *jobs);

/* jobs_claim.c */
/* Makes the job of an id in this worker's list this worker's, and reports it to the user. */
void jobs_claim(struct jobs *jobs, const char *id);
/*
 * Claims what this worker's list holds without this worker knowing it. Ids may be there that came
 * in while it did not look, or whose job is another's.
 */
void jobs_look_at_own_list(struct jobs *jobs);

/*
 * jobs_index.c: whether the job of an id that is open in the index has ended or is gone, as nobody
 * was left who could say so. Then the index is told, and a beat asks for the next one.
 */
void jobs_look_up_open(struct jobs *jobs, const char *id);

/* jobs_health.c: asks for what is known of the deployments, if anybody wants to know it. */
void jobs_read_health(struct jobs *jobs);

/* jobs_advice.c */
/* Asks Redis what advice can be given, if it is yet to be given and that is not under way. */
void jobs_seek_advice(struct jobs *jobs);
void jobs_free_advice(struct jobs *jobs);

/* jobs_lease.c */
/* Whether all workers that are alive have had the time to show it. */
bool jobs_are_settled(const struct jobs *jobs);
/* Renews the lease now, unless that is under way. */
void jobs_send_beat(struct jobs *jobs);
/* Renews the lease again and again from now on, for as long as Redis is there. */
void jobs_begin_beating(struct jobs *jobs, struct event_base *base);

/* jobs_links.c */
void jobs_open_links(struct jobs *jobs, struct event_base *base);
/* Calls under way get NULL replies. */
void jobs_close_links(struct jobs *jobs);

/* jobs_leave.c: job_lists.idle, for the jobs that are its context. */
void jobs_lists_idle(void *ctx);

#endif
