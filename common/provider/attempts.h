/*
 * Which deployment a request is sent to, and which one after that: the choice among the deployments
 * of a model, retries, and fallbacks to other models.
 *
 *	attempts_begin(&attempts, config, health, &request);
 *	while (attempts.deployment != NULL) {
 *		... call it ...
 *		if (it went well || !attempts_next(&attempts, failure))
 *			break;
 *		... wait if attempts.pause ...
 *	}
 *	attempts_close(&attempts);
 *
 * Deployments that rest (health.h) are taken only when no other is left, and of those that are
 * limited, only when all are, the one that is free soonest. Of the others those of the
 * lowest order are asked first, and one that has as many calls as it may (seats.h) is passed over
 * while another can be called. Among the rest one is drawn: by weight if any of them has one (those
 * without are drawn last), else in the same way by rpm, by tpm, else evenly.
 */
#ifndef RESPOOL_ATTEMPTS_H
#define RESPOOL_ATTEMPTS_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/response/gateway_members.h"
#include "health.h"

enum { ATTEMPTS_MAX_DEPLOYMENTS = 64 };

/* What a call that did not go well says about trying again. */
enum call_failure {
	FAILURE_PASSING,    /* may go better a moment later, also on the same deployment */
	FAILURE_DEPLOYMENT, /* this deployment will not do it: its key, its model, its address */
	FAILURE_LIMITED,    /* passing: it is asked too much, and is to be left alone for a time */
	FAILURE_REQUEST,    /* no deployment will do it: the request is at fault */
	/* Likewise, but another model may: */
	FAILURE_CONTEXT_WINDOW, /* one that takes a longer input */
	FAILURE_CONTENT_POLICY, /* one that takes what this one refuses */
};

struct own_fallbacks;

struct attempts {
	const struct config *config;
	const struct health *health;
	/* What to call now, or NULL if nothing is left, or there never was anything. */
	const struct deployment *deployment;
	/* By which deployment is asked: the client's, or a fallback; not owned. */
	const char *model;
	/* deployment has failed before and is to be asked again: give it time. */
	bool pause;
	int tries; /* calls of this model so far, the one that deployment is for included */
	/* s, that the request asks for in the place of the deployment's; 0: it does not */
	double timeout, stream_timeout;
	/* The rest is for attempts*.c alone. */
	const char *named;         /* the model, by the client */
	const char *asked;         /* what has deployments by that name */
	unsigned apis;             /* that the candidates speak; 0: any */
	struct own_fallbacks *own; /* the request's; NULL: none */
	const struct deployment *candidates[ATTEMPTS_MAX_DEPLOYMENTS];
	bool tried[ATTEMPTS_MAX_DEPLOYMENTS];
	long long not_before[ATTEMPTS_MAX_DEPLOYMENTS]; /* ms, of the monotonic clock; or 0 */
	int limits; /* how often attempts_leave_alone() was called, of this model */
	size_t candidate_count;
	size_t current;          /* the candidate that deployment is */
	enum fallback_kind kind; /* of the fallbacks that are gone through */
	size_t next_fallback[FALLBACK_KINDS];
	int retries;     /* of this model */
	int num_retries; /* that the request asks for; -1: it does not */
	bool again;      /* each candidate has been tried once */
	bool alone;      /* attempts_only() */
	/* Until when (ms, likewise) the model is limited that a fallback stands in for; 0: none */
	long long evaded_until;
	int evaded_retries; /* of the model until then */
};

struct attempts_request {
	const char *model; /* as the client names it */
	/*
	 * Deployments alone that speak one of these APIs: a bit, 1 << dialect, for each
	 * (api_path.h); of fallbacks as well. 0: any.
	 */
	unsigned apis;
	/* What it says itself of retries, fallbacks and time-outs, or NULL. */
	const struct gateway_members *members;
};

/*
 * Chooses the first deployment of the request's model, one that can be called from here; if the
 * model has none such, one of its fallbacks. config, health and the model's name must outlive
 * *attempts, the rest of *request need not; health may be NULL: none rests. Has to be closed, as a
 * zeroed one may be.
 */
void attempts_begin(struct attempts *attempts, const struct config *config,
    const struct health *health, const struct attempts_request *request);
void attempts_close(struct attempts *attempts);

/* Begins with this deployment instead, if it is one of the model's (deployment->id). */
void attempts_prefer(struct attempts *attempts, const char *deployment_id);

/*
 * The same, also if it is one of a fallback's, and stays there: what the request follows is known
 * to that deployment alone.
 */
void attempts_stay(struct attempts *attempts, const char *deployment_id);

/*
 * Instead of attempts_begin(): tries this one deployment only, up to num_retries times more,
 * without fallbacks. It may be NULL, and is as good as NULL if it cannot be called from here.
 */
void attempts_only(struct attempts *attempts, const struct config *config,
    const struct deployment *deployment, const char *model);

/*
 * After a failure: chooses what to call next. After FAILURE_DEPLOYMENT that is one of the model's
 * deployments that have not been asked; else, and if there is none such, there are num_retries
 * retries (those that the request asks for, else those of the deployment that has failed) within
 * the model: of those that have not been asked, then of those that have and may do better now,
 * which FAILURE_DEPLOYMENT rules out; a deployment of a later order is asked once even if no retry
 * is left. After that comes the next model of the fallbacks, with retries of its own. That comes at
 * once after FAILURE_CONTEXT_WINDOW and _CONTENT_POLICY, from the fallbacks of that kind; where
 * none of any model are set, from the others.
 * FAILURE_REQUEST ends it. Returns false, and sets deployment to NULL, if nothing is left.
 */
bool attempts_next(struct attempts *attempts, enum call_failure failure);

/*
 * deployment has been called, and is to be left alone by this request for so long (ms) at least,
 * whatever health says. That call was no try: it has as many left as before.
 */
void attempts_leave_alone(struct attempts *attempts, long long ms);
/* For how long (ms) deployment is to be left alone still: by this request, or as it is limited. */
long long attempts_wait_ms(const struct attempts *attempts);
/*
 * deployment is to be left alone: turns to another of the model that is not, or of a fallback, else
 * to the one of the model that is free soonest; from a fallback back to the model, if that is
 * sooner.
 */
void attempts_evade(struct attempts *attempts);
/* Whether any try may follow a failure at all: num_retries is not 0. */
bool attempts_may_retry(const struct attempts *attempts);

/*
 * Draws again in the place of deployment, which has not been called: it is full, and another may
 * have become free. deployment stays if there is none.
 */
void attempts_draw_again(struct attempts *attempts);
/* Whether deployment is one of those that attempts_draw_again() may choose. */
bool attempts_may_draw(const struct attempts *attempts, const char *deployment_id);

/*
 * How long to wait where attempts->pause says so: 500 ms, twice as long each time up to longest,
 * half of it left to chance.
 */
int attempts_pause_ms(const struct attempts *attempts, int longest);

/* Likewise how long one that says nothing of that is left alone after it was asked too much. */
int attempts_limit_pause_ms(const struct attempts *attempts, int longest);

/* What the status of an answer that is no success says; 0 stands for no answer. */
enum call_failure call_failure_of(long status);

#endif
