/*
 * What a worker does with deliveries of webhooks in Redis: each is to tell one endpoint of the end
 * of one response. drop.lua notes them in the step in which a response's end is noted; a worker
 * claims them, with a lease, and reports what has become of them. Everything is asynchronous, over
 * the connections of a struct jobs.
 */
#ifndef RESPOOL_WEBHOOKS_H
#define RESPOOL_WEBHOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/config.h"
#include "common/response/response.h"
#include "common/response/response_id.h"
#include "jobs.h"

enum {
	/*
	 * ms from its claim until a delivery is given to somebody else: longer than one may take,
	 * all in all.
	 */
	DELIVERY_LEASE_MS = 25000,
};

/* A delivery that was claimed. */
struct webhook_delivery {
	char id[DELIVERY_ID_SIZE]; /* the same over all tries */
	char endpoint[WEBHOOK_NAME_SIZE];
	char response[RESPONSE_ID_MAX + 1];
	enum response_status how; /* it has ended */
	long long ended_at;       /* UNIX time, ms */
	long long gone_at; /* ms, of the monotonic clock: the response does not expire before */
	int tries;         /* that have failed */
	long long claim;   /* to be shown with the report */
};

/* How many deliveries to an endpoint a worker can take. */
struct webhook_room {
	const struct webhook_endpoint *endpoint;
	int free, most;
};

struct webhooks_user {
	/* One was claimed. *delivery is valid during the call only. */
	void (*claimed)(void *ctx, const struct webhook_delivery *delivery);
	/*
	 * The claiming has ended, and pause_ms from now on there may be more to claim, for which
	 * there is room; -1: nothing is known of more. After an error, or if Redis is away, it is
	 * -1 as well.
	 */
	void (*done)(void *ctx, long long pause_ms);
	void *ctx;
};

/*
 * From now on, the ends that this worker brings are noted for these endpoints. config is held until
 * the next call, or the end of jobs. Without a call none are noted.
 */
void jobs_use_webhooks(struct jobs *jobs, struct config *config);

/*
 * Claims what is due and for which there is room, and calls user->claimed for each. False if
 * nothing was asked as Redis is away; else user->done is called, once. A leaving worker waits for
 * it. user must outlive jobs, or the call of done.
 */
bool jobs_claim_webhooks(struct jobs *jobs, const struct webhook_room *rooms, size_t count,
    const struct webhooks_user *user);

/* What is known of the response that a delivery is about. */
enum webhook_subject {
	SUBJECT_THERE,   /* or may have expired by now; gone_at is as that of webhook_delivery */
	SUBJECT_DELETED, /* there is nothing to tell any more */
	SUBJECT_UNKNOWN, /* Redis cannot be asked */
};

typedef void webhook_subject_fn(void *ctx, enum webhook_subject subject, long long gone_at);

/*
 * Looks whether the delivery's response is still there. One that has expired, or may have, is told
 * nevertheless, so nobody needs to ask once gone_at has passed. fn is called once, never from
 * within this call. A leaving worker waits for it. False, and no call, if Redis is away.
 */
bool jobs_look_for_subject(
    struct jobs *jobs, const struct webhook_delivery *delivery, webhook_subject_fn *fn, void *ctx);

enum webhook_outcome {
	WEBHOOK_DELIVERED,
	WEBHOOK_TRY_FAILED, /* it is due again after pause_ms */
	WEBHOOK_DEAD,       /* it has failed for the last time, and is kept for a week */
	WEBHOOK_DROPPED,    /* the response is deleted */
	WEBHOOK_RELEASED,   /* nobody has tried: it is due again after pause_ms */
};

struct webhook_report {
	const struct webhook_delivery *delivery; /* gone_at may be better known by now */
	enum webhook_outcome outcome;
	long long pause_ms;
	const char *why;    /* it failed; else "". Secrets have no place in it */
	long long alone_ms; /* the endpoint wants to be left alone for so long, or 0 */
	const char *off;    /* its digest if it wants to be told nothing any more; else "" */
};

/* What a report has led to. */
struct webhook_reported {
	bool known;      /* Redis has it; else the report has to be made again */
	bool counted;    /* the claim was still the last one; if not, it was another's by then */
	int failures;    /* of the endpoint, in a row */
	long long rests; /* ms for which it rests from now on, or 0 */
};

typedef void webhook_reported_fn(void *ctx, const struct webhook_reported *reported);

/*
 * Reports what has become of a delivery; a repetition does no harm. fn is called once, never from
 * within this call. A leaving worker waits for it. False, and no call, if Redis is away.
 */
bool jobs_report_webhook(
    struct jobs *jobs, const struct webhook_report *report, webhook_reported_fn *fn, void *ctx);

/* The word of an outcome, for metrics and the log: "delivered". */
const char *webhook_outcome_word(enum webhook_outcome outcome);

#endif
