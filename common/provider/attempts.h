/*
 * Which deployment a request is sent to, and which one after that: the choice among the deployments
 * of a model, retries, and fallbacks to other models.
 *
 *	attempts_begin(&attempts, config, health, model);
 *	while (attempts.deployment != NULL) {
 *		... call it ...
 *		if (it went well || !attempts_next(&attempts, failure))
 *			break;
 *		... wait if attempts.pause ...
 *	}
 *
 * Deployments that rest (health.h) are taken only when no other is left. Among the others one is
 * drawn: by weight if any of them has one (those without are drawn last), else in the same way by
 * rpm, else evenly.
 */
#ifndef RESPOOL_ATTEMPTS_H
#define RESPOOL_ATTEMPTS_H

#include <stdbool.h>

#include "common/config/config.h"
#include "health.h"

enum { ATTEMPTS_MAX_DEPLOYMENTS = 64 };

/* What a call that did not go well says about trying again. */
enum call_failure {
	FAILURE_PASSING,    /* may go better a moment later, also on the same deployment */
	FAILURE_DEPLOYMENT, /* this deployment will not do it: its key, its model, its address */
	FAILURE_REQUEST,    /* no deployment will do it: the request is at fault */
};

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
	/* The rest is for attempts*.c alone. */
	const char *asked;
	unsigned apis; /* that the candidates speak: attempts_begin_among() */
	const struct deployment *candidates[ATTEMPTS_MAX_DEPLOYMENTS];
	bool tried[ATTEMPTS_MAX_DEPLOYMENTS];
	size_t candidate_count;
	size_t current; /* the candidate that deployment is */
	size_t next_fallback;
	int retries; /* of this model */
	bool again;  /* each candidate has been tried once */
	bool alone;  /* attempts_only() */
};

/*
 * Chooses the first deployment of model, one that can be called from here; if the model has none
 * such, one of its fallbacks. config, health and model must outlive *attempts; health may be NULL:
 * none rests. There is nothing to free.
 */
void attempts_begin(struct attempts *attempts, const struct config *config,
    const struct health *health, const char *model);

/*
 * The same among the deployments alone that speak one of these APIs: a bit, 1 << dialect, for each
 * (api_path.h); those of fallbacks as well.
 */
void attempts_begin_among(struct attempts *attempts, const struct config *config,
    const struct health *health, const char *model, unsigned apis);

/* Begins with this deployment instead, if it is one of the model's (deployment->id). */
void attempts_prefer(struct attempts *attempts, const char *deployment_id);

/* The same, and stays there: what the request follows is known to that deployment alone. */
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
 * retries (those of the deployment that has failed, if it has its own) within the model: of those
 * that have not been asked, then of those that have and may do better now, which FAILURE_DEPLOYMENT
 * rules out. After that comes the next model of config->fallbacks, with retries of its own.
 * FAILURE_REQUEST ends it. Returns false, and sets deployment to NULL, if nothing is left.
 */
bool attempts_next(struct attempts *attempts, enum call_failure failure);

/*
 * How long to wait where attempts->pause says so: 500 ms, twice as long each time up to longest,
 * half of it left to chance.
 */
int attempts_pause_ms(const struct attempts *attempts, int longest);

/* What the status of an answer that is no success says; 0 stands for no answer. */
enum call_failure call_failure_of(long status);

#endif
