/*
 * One try of a delivery: the POST to the endpoint, within WEBHOOK_SECONDS in all. Redirects are not
 * followed, certificates are verified, no proxy is used, and no connection is made to an address
 * that the endpoint may not have (webhooks_config.h).
 */
#ifndef RESPOOL_WEBHOOK_POST_H
#define RESPOOL_WEBHOOK_POST_H

#include "common/base/buf.h"
#include "common/config/webhooks_config.h"
#include "common/provider/upstream.h"
#include "common/response/response.h"

enum {
	WEBHOOK_SECONDS = 15,
	WEBHOOK_BODY_MOST = 1024, /* bytes that are kept of an answer */
};

/* What is told. */
struct webhook_event_told {
	const char *id; /* of the delivery: "wh_…" */
	const char *response;
	enum response_status how; /* it has ended */
	long long ended_at;       /* UNIX time, ms */
};

struct webhook_result {
	long status;        /* HTTP; 0 if there was no answer */
	double retry_after; /* s, of its Retry-After; negative if it has none */
	/*
	 * Why it has failed, in words, for the log and for operators: "" if the status is a success
	 * (2xx). Holds no secret, and of the URL no more than its site.
	 */
	const char *error;
	struct span body; /* how a failure's answer begins, as it came; a success' is not read */
	double seconds;   /* that the try took */
};

struct webhook_post;

/*
 * result is valid during the call only; the post is freed behind it. It may start and cancel posts,
 * but not free the upstream, which may be about to go on.
 */
typedef void webhook_post_fn(void *ctx, const struct webhook_result *result);

/*
 * Begins. Nothing of endpoint and event is kept. fn is called once, never from within this call,
 * unless the post is cancelled. upstream is not used for anything but webhooks, as its connections
 * are kept.
 */
struct webhook_post *webhook_post_start(struct upstream *upstream,
    const struct webhook_endpoint *endpoint, const struct webhook_event_told *event,
    webhook_post_fn *fn, void *ctx);
/* Closes the connection and frees the post, without a call of fn. */
void webhook_post_cancel(struct webhook_post *post);

#endif
