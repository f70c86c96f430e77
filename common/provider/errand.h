/*
 * A request on its way to the deployments of a model: which one is called, with what headers and
 * under what URL, and after a failure which one next and when. What is asked, and what becomes of
 * an answer, is the user's affair. There is one for each job of a worker and for each request that
 * a relay passes through.
 */
#ifndef RESPOOL_ERRAND_H
#define RESPOOL_ERRAND_H

#include <stdbool.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "attempts.h"
#include "call_outcome.h"
#include "common/base/buf.h"
#include "roster.h"
#include "seats.h"
#include "secret.h"
#include "upstream.h"

/* What all errands of a process share. */
struct errand_host {
	struct event_base *base;
	struct upstream *upstream;
	/*
	 * Tells the others how a call went, as health_is_news() says that they want to know; or,
	 * where limit_ms is not 0, that the deployment is limited for so long.
	 */
	void (*report)(void *ctx, const struct config *config, const struct deployment *deployment,
	    bool failed, long long limit_ms);
	/*
	 * Counts a call that was made, once for each: how it has ended, as far as anybody knows.
	 * NULL: nobody counts.
	 */
	void (*called)(void *ctx, const struct deployment *deployment, enum call_outcome outcome);
	void *ctx;
	bool patient;            /* who asks can wait while deployments are limited */
	int longest_pause_ms;    /* before the same deployment is asked again */
	int longest_retry_after; /* s; one that wants to be left alone for longer is passed over */
};

struct errand_user {
	/* Adds headers to those of the deployment; may be NULL. */
	struct curl_slist *(*add_headers)(void *ctx, struct curl_slist *headers);
	/*
	 * Appends the body of a POST as errand->choice.deployment is to get it. NULL, or why it
	 * cannot be asked: the call ends as NOT_ASKED then. The text has to stay until on_end.
	 */
	const char *(*write_body)(void *ctx, struct buf *out);
	/* A call begins, the first or another: nothing has come of its answer. */
	void (*on_begin)(void *ctx);
	/* As in struct upstream_call. After on_end, errand->call is NULL. */
	bool (*on_head)(void *ctx, CURL *easy, long status);
	bool (*on_body)(void *ctx, struct span bytes);
	void (*on_idle)(void *ctx);
	void (*on_end)(void *ctx, const struct upstream_result *result);
};

struct errand {
	/* Set by the user before errand_begin(); host and user outlive the errand. */
	const struct errand_host *host;
	const struct errand_user *user;
	void *ctx;
	struct roster *roster; /* held by the user */
	/* For the log, which tells of further tries unless both are NULL: whose they are. */
	const char *name, *request_id;
	const char *method;
	struct span path; /* under a deployment's base */
	const char *query;
	const char *accept;
	/* The answer is a stream; one that is not is silent until it is whole. */
	bool streams;
	struct attempts choice; /* begun; deployment is the one that is called */

	/* The rest is errand.c's; secrets, call, eventful and called may be looked at. */
	struct secrets secrets;        /* that the last call showed */
	struct upstream_request *call; /* NULL when none is open */
	struct event *pause;           /* before the next call; NULL until needed */
	struct seat *seat;             /* that the call has; NULL if it needs none */
	struct seat_waiter waiter;     /* for one */
	bool waits;
	long long limited_at; /* when it first had to wait for a limit: monotonic ms; 0: never */
	long long untold_at;  /* likewise, for one that does not say for how long */
	bool told;            /* how the last call went, if anybody has to know */
	bool eventful;        /* an event of the open call's answer has come */
	const struct deployment *called; /* the one that was called last; NULL: none was */
	enum call_outcome outcome;       /* of that call, so far as is known */
	bool counted;                    /* that call, by host->called */
};

/*
 * Calls choice.deployment, which is not NULL. Nothing of the answer comes from within this call.
 * If it has as many calls as it may, another one of the model is called; if all have, the one where
 * a call ends first. Until then the errand waits, and its call has not begun. A choice of
 * attempts_only() is called in any case.
 *
 * Of a patient host's, a deployment that is limited is not called: another one of the model is, or
 * of a fallback; where all are limited the errand waits for the one that is free soonest. In all it
 * waits no longer than the deployment's timeout, or the request's own: whose limit ends later is
 * called as if it had none.
 */
void errand_begin(struct errand *errand);

/* Ends the call or the pause at once; nothing is called any more. May be repeated. */
void errand_stop(struct errand *errand);
/*
 * An event has come, which deployment->stream_timeout is the wait for; signs of life are none
 * (event_is_sign_of_life()). From on_head or on_body, and may be repeated.
 */
void errand_note_event(struct errand *errand);
/* From on_head: the answer is no stream, so that deployment->timeout is its only bound. */
void errand_be_patient(struct errand *errand);
/* Lets go of a call that has said all: its connection can serve the next request. */
void errand_detach(struct errand *errand);
/* Stops and frees what the errand holds. A zeroed one may be closed. */
void errand_close(struct errand *errand);

/* How the call went, told once for each; status 0 stands for no answer. */
void errand_tell_health(struct errand *errand, long status);
/*
 * The same of an answer that says with its Retry-After (s; negative: none) for how long the
 * deployment is limited, which 429 does unless its error, that may be empty, is about a quota. Of
 * other answers nothing is told, nor of those to a choice of attempts_only(): who polls a provider
 * too often may make others wait for nothing.
 */
void errand_tell_limit(struct errand *errand, long status, double retry_after, struct span error);

/*
 * How the last call has ended, where that is known better than by the end of its transfer: in
 * on_end, or before the call is stopped.
 */
void errand_note_outcome(struct errand *errand, enum call_outcome outcome);
/* What the last call brought cannot be taken, unless it has failed in another way already. */
void errand_note_invalid(struct errand *errand);

/*
 * What an answer's status, its Retry-After (s; negative: none) and the error in its body, which may
 * be empty, say about trying again.
 */
enum call_failure errand_failure(
    const struct errand *errand, long status, double retry_after, struct span error);

/*
 * Arranges for another try: at once by a deployment that has not been asked, after a pause by one
 * that has; after FAILURE_LIMITED as errand_begin() says, and without counting it as a try, for as
 * long as it may wait. why is for the log. False if none is left; choice.deployment is NULL then.
 */
bool errand_try_again(
    struct errand *errand, enum call_failure failure, double retry_after, const char *why);
/*
 * Asks the same deployment once more, and soon: what it was asked is put in another way. why is for
 * the log.
 */
void errand_ask_again(struct errand *errand, const char *why);
/* Whether there would be another try. */
bool errand_would_try_again(const struct errand *errand, enum call_failure failure);

#endif
