/*
 * A courier, taken apart: courier.c claims deliveries, courier_delivery.c brings each to its end,
 * courier_verdict.c decides what a try has led to, courier_log.c tells the log.
 */
#ifndef RESPOOL_COURIER_INTERNAL_H
#define RESPOOL_COURIER_INTERNAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/provider/upstream.h"
#include "common/store/webhooks.h"
#include "common/webhook/webhook_post.h"
#include "courier.h"

/* Where a delivery is, from its claim on; it may go from any of the first two to the third. */
enum delivery_step {
	STEP_LOOKING,   /* whether its response is still there */
	STEP_POSTING,   /* to the endpoint */
	STEP_REPORTING, /* what has become of it is known, and Redis is told */
};

/* A delivery under way. */
struct delivery {
	LIST_ENTRY(delivery) link;
	struct courier *courier;
	struct webhook_delivery about;
	long long claimed_at;  /* ms, of the monotonic clock: the lease began no earlier */
	struct config *config; /* held: that of endpoint */
	const struct webhook_endpoint *endpoint; /* NULL if it is not configured any more */
	enum delivery_step step;
	struct webhook_post *post; /* while STEP_POSTING */
	/* What is to be reported, why is the delivery's own. */
	struct webhook_report report;
	char *why;
	bool asking; /* Redis has been asked, or told, and owes the answer */
};

LIST_HEAD(deliveries, delivery);

struct courier {
	struct event_base *base;
	struct jobs *jobs;
	void (*idle)(void *ctx);
	void *ctx;
	struct config *config;     /* held; NULL until courier_use() */
	struct upstream *upstream; /* NULL until there are endpoints */
	struct webhooks_user user;
	struct event *tick; /* NULL likewise */
	struct deliveries deliveries;
	int count;               /* of them */
	bool claiming;           /* a claim is under way */
	long long claim_sent_at; /* ms, of the monotonic clock */
	bool look_again;         /* once that has ended */
	bool stopped;            /* nothing is claimed any more */
	bool released;           /* and nothing is begun */
};

/* courier_delivery.c */
/* A delivery that was claimed: brings it to its endpoint, or gives it back. */
void delivery_start(struct courier *courier, const struct webhook_delivery *about);
/* Gives it back, unless what has become of it is known already. */
void delivery_release(struct delivery *delivery);
/* Tells Redis what has become of it, if that is known and has yet to be told. */
void delivery_report(struct delivery *delivery);
/* Without a report. */
void delivery_free(struct delivery *delivery);

/* courier.c: it has been reported and is freed, so there is room for another. */
void courier_delivery_ended(struct courier *courier);

#endif
