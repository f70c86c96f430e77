/*
 * What operators see and do, whoever's the responses are: over the blocking connection of a store
 * (store.h), in one or two round trips each. What a function gives out belongs to the caller and is
 * freed by the function that its struct names. All return STORE_UNAVAILABLE, with store_error(), if
 * Redis cannot be asked.
 */
#ifndef RESPOOL_OPERATE_H
#define RESPOOL_OPERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/response/response_id.h"
#include "counts.h"
#include "keys.h"
#include "redis_advice.h"
#include "store.h"
#include "usage_line.h"

enum { SNAPSHOT_MINUTES = 60, PROCESS_HOST_SIZE = 65, PROCESS_VERSION_SIZE = 32 };

/* A worker or a relay, as it said at its last beat. */
struct store_process {
	char name[WORKER_NAME_SIZE];
	char host[PROCESS_HOST_SIZE];
	char version[PROCESS_VERSION_SIZE];
	long pid;
	int streams;          /* responses a worker is at work on; answers a relay holds open */
	long long started_at; /* UNIX time, s */
	long long beat_at;    /* likewise: when it was last heard of */
	bool lost;            /* of a worker: its lease has ended */
	bool draining;        /* of a worker: it takes no jobs */
};

/* How many responses were created, and have ended, in a minute. */
struct store_minute {
	long long minute; /* UNIX time / 60 */
	long long created, completed, incomplete, failed, cancelled, deleted;
};

/* A deployment that rests, or has failed at its last call. */
struct store_troubled {
	char *deployment;        /* its id */
	long long resting_until; /* UNIX time, ms; 0 if it does not rest */
	long long failures;      /* in a row, since its last rest */
};

/* The installation at a moment. */
struct store_snapshot {
	long long now; /* UNIX time, ms, as Redis has it */
	long long queued, in_progress;
	double oldest_seconds; /* that the one at the head of the queue has waited; 0 if none */
	struct store_process *workers, *relays;
	size_t worker_count, relay_count;
	char **paused; /* models (model_label()), and "*" for all; in order */
	size_t paused_count;
	struct store_minute minutes[SNAPSHOT_MINUTES]; /* the last of them is the present one */
	struct store_troubled *troubled;
	size_t troubled_count;
	struct counts counters; /* empty unless asked for */
	double round_trip;      /* s: that of this question */
};

/* A few commands in one round trip, or in a Cluster two, and no scan of keys. */
enum store_result store_snapshot(
    struct store *store, bool with_counters, struct store_snapshot *out);
void store_snapshot_free(struct store_snapshot *snapshot);

/* Which responses to list: those that fit all that is given. */
struct store_query {
	const char *status; /* a status' name, or NULL */
	const char *tenant; /* NULL for any */
	const char *model;  /* as clients name it, or its model_label(); NULL for any */
	long older_than;    /* s since the creation, at least */
	size_t limit;       /* 1 to STORE_LIST_MOST */
	const char *after;  /* id behind which the page begins, or NULL */
};

enum { STORE_LIST_MOST = 1000, STORE_LIST_DEFAULT = 20 };

struct store_row {
	char id[RESPONSE_ID_MAX + 1];
	char *tenant, *model;
	enum response_status status;
	long long created_at; /* UNIX time, ms */
	long long attempts;
	char *deployment; /* id of the one that answers or has answered; NULL if it is not known */
};

struct store_page {
	long long now;          /* UNIX time, ms */
	struct store_row *rows; /* the latest first */
	size_t count;
	bool has_more;
};

/*
 * Lists responses that respool has made and Redis still has. What has expired is taken out of the
 * index on the way. STORE_NOT_FOUND if after is not known.
 */
enum store_result store_list(
    struct store *store, const struct store_query *query, struct store_page *out);
void store_page_free(struct store_page *page);

/* All about one response. */
struct store_detail {
	long long now; /* UNIX time, ms, as this process has it */
	struct store_row row;
	bool foreign;  /* another program's: of the row only id and status are known */
	bool streamed; /* its events are kept */
	/* Whether store_retry() would do: it has failed, and what was asked is kept. */
	bool can_retry;
	char *owner;         /* the worker that is at work on it, or NULL */
	char *request_id;    /* of the request that created it, or NULL */
	long long waited_ms; /* until a worker first began with it; -1 if none has yet */
	/*
	 * What happened on the way, a line each: UNIX time in ms, a blank, "retry" or "restart", a
	 * blank, and why. NULL if nothing has.
	 */
	char *history;
	struct buf object; /* as it is stored, or, of another program's, as a poll shows it */
};

enum store_result store_show(struct store *store, const char *id, struct store_detail *out);
void store_detail_free(struct store_detail *detail);

/*
 * Whose a response is, for functions of store.h that want to be told: *tenant, which the caller
 * frees; "" for anonymous, and for another program's.
 */
enum store_result store_tenant(struct store *store, const char *id, char **tenant);

/*
 * Lets the jobs of a model (model_label()), or all if that is NULL, wait from now on; what runs
 * goes on, and what is created waits as well. *paused says whether that is new.
 */
enum store_result store_pause(struct store *store, const char *model, bool *paused);
/*
 * Ends that; what is paused both by its model and as all stays so until both have ended. *resumed
 * says whether it was so.
 */
enum store_result store_resume(struct store *store, const char *model, bool *resumed);

/*
 * Has a worker give its jobs to others and take none, until its supervisor ends; or, with drain
 * false, take jobs again. STORE_NOT_FOUND if no such worker is alive. It obeys at its next beat.
 */
enum store_result store_drain(struct store *store, const char *worker, bool drain);

enum store_retried {
	RETRY_DONE,
	RETRY_NOT_FAILED, /* only what has failed can be tried again */
	RETRY_NOT_KEPT,   /* what was asked is not kept, or not any more */
	RETRY_FOREIGN,    /* another program's */
};

/*
 * Asks once more what a failed response was asked: makes a new response of the same tenant, whose
 * id goes to new_id, and whose object is appended to object. It waits in the same tier, and the
 * endpoint of webhooks that the first request has named is told of its end too, as long as the
 * index has these. The limits of the tenant do not refuse it. Refusals of store_create() are
 * returned as that does; *retried is set if STORE_OK is returned.
 */
enum store_result store_retry(struct store *store, const struct config *config, const char *id,
    char new_id[RESPONSE_ID_SIZE], struct buf *object, enum store_retried *retried);

/* An endpoint of webhooks, as Redis knows it; of one that nobody has failed to reach, nothing. */
struct store_endpoint {
	char name[WEBHOOK_NAME_SIZE];
	long long waiting;     /* deliveries that are to come, or under way */
	long long failures;    /* in a row, of the last deliveries */
	long long rests_until; /* UNIX time, ms; 0 if it does not rest */
	bool off;              /* it has asked to be told nothing any more */
};

enum delivery_state { DELIVERY_WAITING, DELIVERY_DEAD };

/* A delivery of a webhook. */
struct store_delivery {
	char id[DELIVERY_ID_SIZE];
	char endpoint[WEBHOOK_NAME_SIZE];
	char response[RESPONSE_ID_MAX + 1];
	enum response_status how; /* it has ended */
	enum delivery_state state;
	long long ended_at; /* UNIX time, ms */
	long long due_at;   /* likewise: of the next try, or until a try under way is given up;
			       0 if it is dead */
	long long tried_at; /* likewise: when the last try ended; 0 if there was none */
	int tries;          /* that have failed */
	char *why;          /* the last one has; "" if none has */
};

struct store_webhooks {
	long long now;     /* UNIX time, ms, as Redis has it */
	long long waiting; /* of all endpoints, and under way */
	long long dead;
	struct store_endpoint
	    *endpoints; /* that are configured, then others that something waits for */
	size_t endpoint_count;
	/* What was tried or has died last first, then what has not been tried, the soonest first.
	 */
	struct store_delivery *deliveries;
	size_t count;
	bool has_more;
};

/*
 * What is known of webhooks' deliveries, of up to limit (STORE_LIST_MOST) of them. Where more than
 * some thousands wait for an endpoint, the deliveries are only those that are due last.
 */
enum store_result store_webhooks(struct store *store, const struct webhooks_config *webhooks,
    size_t limit, struct store_webhooks *out);
void store_webhooks_free(struct store_webhooks *webhooks);

/* Which deliveries that have not arrived are to be tried now. One of these is given. */
struct store_redelivery {
	const char *id;    /* a delivery's, or a response's: of that all */
	long long since_s; /* those of what has ended in the last so many seconds; 0: not given */
};

struct store_redelivered {
	long long found; /* that have not arrived */
	long long
	    begun; /* of these, due now, or within a lease; of the others the endpoint is off */
};

/*
 * Has deliveries tried at once, and those that are dead tried again as often as in the beginning;
 * their ids stay. Their endpoints rest no more, but one that is off stays off. Those of a response
 * are found by the names of the endpoints that are configured, and that Redis knows.
 */
enum store_result store_redeliver(struct store *store, const struct webhooks_config *webhooks,
    const struct store_redelivery *which, struct store_redelivered *out);

enum { USE_DAYS_MOST = 400 }; /* so long it is kept */

/* Is told what a tenant has used of a model on a day; nothing of it stays after the call. */
typedef void store_use_fn(void *ctx, const char *day, const struct usage_line *line);

/*
 * Calls fn with all that was used in so many days, up to USE_DAYS_MOST, the last of which is that
 * of the UNIX time last (s): day by day, the latest first. What cannot be read is left out, and a
 * warning tells how much that is. If Redis cannot be asked, fn may have been called before.
 */
enum store_result store_usage(
    struct store *store, time_t last, int days, store_use_fn *fn, void *ctx);

/* Asks Redis what advice can be given (redis_advice.h), and calls fn with each finding. */
enum store_result store_advise(struct store *store, redis_finding_fn *fn, void *ctx);

#endif
