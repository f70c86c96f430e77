#include "attempts.h"

#include <stdlib.h>
#include <string.h>

#include "attempts_internal.h"
#include "common/base/clock.h"
#include "common/config/model.h"
#include "own_fallbacks.h"

enum { FIRST_PAUSE_MS = 500 };

static bool is_candidate(const struct attempts *attempts, const struct deployment *deployment)
{
	if (!deployment_usable(deployment, attempts->model))
		return false;
	return attempts->apis == 0 ||
	       (attempts->apis & 1u << deployment_dialect(deployment, attempts->model)) != 0;
}

static void collect_candidates(struct attempts *attempts)
{
	const struct deployment *deployment = NULL;

	attempts->candidate_count = 0;
	while (attempts->candidate_count < ATTEMPTS_MAX_DEPLOYMENTS &&
	       (deployment = model_next_deployment(
		    attempts->config, attempts->model, deployment)) != NULL) {
		if (is_candidate(attempts, deployment))
			attempts->candidates[attempts->candidate_count++] = deployment;
	}
}

/* One that is named itself has only that to do with its model that it is asked by its name. */
static void name_one(struct attempts *attempts, const char *model)
{
	const struct deployment *deployment = deployment_by_litellm_id(attempts->config, model);

	if (deployment == NULL || strchr(deployment->model_name, '*') != NULL)
		return;
	attempts->model = deployment->model_name;
	if (is_candidate(attempts, deployment))
		attempts->candidates[attempts->candidate_count++] = deployment;
}

/* Turns to a model. False if it has no deployment that can be called. */
static bool enter_model(struct attempts *attempts, const char *model)
{
	attempts->model = model;
	attempts->tries = 1;
	attempts->retries = 0;
	attempts->pause = attempts->again = false;
	attempts->limits = 0;
	memset(attempts->tried, 0, sizeof(attempts->tried));
	memset(attempts->not_before, 0, sizeof(attempts->not_before));
	collect_candidates(attempts);
	if (attempts->candidate_count == 0 && model != attempts->asked)
		name_one(attempts, model);
	return attempts_draw(attempts);
}

/* The request's own, or else those of the configuration. */
static const struct fallback *fallbacks_of(const struct attempts *attempts, enum fallback_kind kind)
{
	const struct fallback *own = own_fallbacks_of(attempts->own, kind);

	return own != NULL ? own : model_fallback(attempts->config, kind, attempts->named);
}

static bool enter_fallback(struct attempts *attempts)
{
	const struct fallback *fallback = fallbacks_of(attempts, attempts->kind);
	size_t *next = &attempts->next_fallback[attempts->kind];

	while (fallback != NULL && *next < fallback->count) {
		const char *model = model_resolve(attempts->config, fallback->models[(*next)++]);

		if (strcmp(model, attempts->asked) != 0 && enter_model(attempts, model))
			return true;
	}
	return false;
}

static void end(struct attempts *attempts)
{
	attempts->deployment = NULL;
	attempts->pause = false;
}

static void begin(struct attempts *attempts)
{
	const struct config *config = attempts->config;

	if (enter_model(attempts, attempts->asked))
		return;
	if (model_next_deployment(config, attempts->asked, NULL) == NULL ||
	    !enter_fallback(attempts))
		end(attempts);
}

void attempts_begin(struct attempts *attempts, const struct config *config,
    const struct health *health, const struct attempts_request *request)
{
	const struct gateway_members none = GATEWAY_MEMBERS_INIT;
	const struct gateway_members *members = request->members != NULL ? request->members : &none;

	*attempts = (struct attempts){
	    .config = config,
	    .health = health,
	    .named = request->model,
	    .asked = model_resolve(config, request->model),
	    .apis = request->apis,
	    .own = own_fallbacks_read(members, config, request->model),
	    .num_retries = members->num_retries,
	    .timeout = members->timeout,
	    .stream_timeout = members->stream_timeout,
	};
	begin(attempts);
}

void attempts_close(struct attempts *attempts)
{
	own_fallbacks_free(attempts->own);
	attempts->own = NULL;
}

/* candidate_count if it is none. */
static size_t find_candidate(const struct attempts *attempts, const char *deployment_id)
{
	size_t i = 0;

	while (i < attempts->candidate_count &&
	       strcmp(attempts->candidates[i]->id, deployment_id) != 0)
		i++;
	return i;
}

void attempts_prefer(struct attempts *attempts, const char *deployment_id)
{
	size_t i = find_candidate(attempts, deployment_id);

	if (i == attempts->candidate_count)
		return;
	attempts->tried[attempts->current] = false;
	attempts_take(attempts, i);
}

/* Turns to the fallback that it is a deployment of; where it is of none, all stays as it is. */
static void enter_fallback_of(struct attempts *attempts, const char *deployment_id)
{
	for (int kind = 0; kind < FALLBACK_KINDS; kind++) {
		struct attempts other = *attempts;

		other.kind = (enum fallback_kind)kind;
		while (enter_fallback(&other)) {
			if (find_candidate(&other, deployment_id) < other.candidate_count) {
				*attempts = other;
				return;
			}
		}
	}
}

void attempts_stay(struct attempts *attempts, const char *deployment_id)
{
	if (find_candidate(attempts, deployment_id) == attempts->candidate_count)
		enter_fallback_of(attempts, deployment_id);
	attempts_prefer(attempts, deployment_id);
	if (attempts->deployment == NULL || strcmp(attempts->deployment->id, deployment_id) != 0)
		return;
	attempts->candidates[0] = attempts->deployment;
	attempts->not_before[0] = attempts->not_before[attempts->current];
	attempts->candidate_count = 1;
	attempts->alone = true;
	attempts_take(attempts, 0);
}

void attempts_only(struct attempts *attempts, const struct config *config,
    const struct deployment *deployment, const char *model)
{
	*attempts = (struct attempts){.config = config,
	    .named = model,
	    .asked = model,
	    .model = model,
	    .num_retries = -1,
	    .alone = true,
	    .tries = 1};
	if (deployment == NULL || !deployment_usable(deployment, model))
		return;
	attempts->candidates[attempts->candidate_count++] = deployment;
	attempts_take(attempts, 0);
}

/* Takes the deployment that has just failed out of the candidates. */
static void strike(struct attempts *attempts)
{
	size_t last = --attempts->candidate_count;

	attempts->candidates[attempts->current] = attempts->candidates[last];
	attempts->tried[attempts->current] = attempts->tried[last];
	attempts->not_before[attempts->current] = attempts->not_before[last];
	attempts->current = ATTEMPTS_MAX_DEPLOYMENTS;
}

/* All have been tried: from now on they are asked again, the one that has just failed last. */
static void begin_again(struct attempts *attempts)
{
	memset(attempts->tried, 0, sizeof(attempts->tried));
	if (attempts->candidate_count > 1 && attempts->current < attempts->candidate_count)
		attempts->tried[attempts->current] = true;
	attempts->again = true;
}

/* To a deployment of this model that has not been asked yet. */
static bool move_on(struct attempts *attempts)
{
	return !attempts->again && attempts_draw(attempts);
}

/* What the request says wins over the deployment that has failed, and that over the rest. */
static int allowed_retries(const struct attempts *attempts)
{
	const struct deployment *failed = attempts->deployment;

	if (attempts->num_retries >= 0)
		return attempts->num_retries;
	return failed->has_retries ? failed->num_retries : attempts->config->num_retries;
}

bool attempts_may_retry(const struct attempts *attempts)
{
	return allowed_retries(attempts) > 0;
}

static bool retry(struct attempts *attempts)
{
	if (attempts->retries >= allowed_retries(attempts) || attempts->candidate_count == 0)
		return false;
	attempts->retries++;
	if (attempts_draw(attempts))
		return true;
	begin_again(attempts);
	return attempts_draw(attempts);
}

/* As long as a later order has not been asked, its turn comes whatever retries are left. */
static bool go_to_later_order(struct attempts *attempts)
{
	return !attempts->again && attempts_later_order_is_left(attempts) &&
	       attempts_draw(attempts);
}

static bool stay_with_model(struct attempts *attempts, enum call_failure failure)
{
	if (failure == FAILURE_DEPLOYMENT)
		strike(attempts);
	if (!(failure == FAILURE_DEPLOYMENT && move_on(attempts)) && !retry(attempts) &&
	    !go_to_later_order(attempts))
		return false;
	attempts->tries++;
	attempts->pause = attempts->again;
	return true;
}

/* Whether the request is more than the model takes; *kind says what for. */
static bool is_beyond_model(enum call_failure failure, enum fallback_kind *kind)
{
	if (failure != FAILURE_CONTEXT_WINDOW && failure != FAILURE_CONTENT_POLICY)
		return false;
	*kind = failure == FAILURE_CONTEXT_WINDOW ? FALLBACK_ON_CONTEXT_WINDOW
						  : FALLBACK_ON_CONTENT_POLICY;
	return true;
}

static bool has_fallbacks(const struct attempts *attempts, enum fallback_kind kind)
{
	return own_fallbacks_of(attempts->own, kind) != NULL ||
	       model_fallbacks_are_set(attempts->config, kind);
}

bool attempts_next(struct attempts *attempts, enum call_failure failure)
{
	enum fallback_kind kind;

	if (attempts->deployment == NULL || failure == FAILURE_REQUEST) {
		end(attempts);
		return false;
	}
	if (is_beyond_model(failure, &kind)) {
		if (has_fallbacks(attempts, kind))
			attempts->kind = kind;
	} else if (stay_with_model(attempts, failure)) {
		return true;
	}
	if (!attempts->alone && enter_fallback(attempts))
		return true;
	end(attempts);
	return false;
}

void attempts_leave_alone(struct attempts *attempts, long long ms)
{
	if (attempts->current >= attempts->candidate_count)
		return;
	attempts->not_before[attempts->current] = monotonic_ms() + ms;
	attempts->limits++;
}

long long attempts_wait_ms(const struct attempts *attempts)
{
	return attempts->current < attempts->candidate_count
		   ? attempts_candidate_wait_ms(attempts, attempts->current)
		   : 0;
}

/* A fallback that would have to be waited for as well is none yet. */
static void evade_to_fallback(struct attempts *attempts)
{
	struct attempts other = *attempts;

	if (other.evaded_until == 0) {
		other.evaded_until = monotonic_ms() + attempts_wait_ms(attempts);
		other.evaded_retries = attempts->retries;
	}
	while (enter_fallback(&other)) {
		if (attempts_wait_ms(&other) == 0) {
			*attempts = other;
			return;
		}
	}
}

/* To the model that a fallback stands in for, if that is free sooner. */
static void go_back(struct attempts *attempts)
{
	struct attempts other = *attempts;

	if (attempts->evaded_until == 0 || !enter_model(&other, attempts->asked))
		return;
	other.not_before[other.current] = attempts->evaded_until;
	other.retries = attempts->evaded_retries;
	other.evaded_until = 0;
	if (attempts_wait_ms(&other) < attempts_wait_ms(attempts))
		*attempts = other;
}

void attempts_evade(struct attempts *attempts)
{
	attempts_draw_again(attempts);
	if (attempts->alone || attempts_wait_ms(attempts) == 0)
		return;
	evade_to_fallback(attempts);
	if (attempts_wait_ms(attempts) > 0)
		go_back(attempts);
}

static int growing_pause(int times, int longest)
{
	int ms = FIRST_PAUSE_MS;

	for (int i = 0; i < times && ms < longest; i++)
		ms *= 2;
	return ms / 2 + (int)(random() % (ms / 2 + 1));
}

int attempts_pause_ms(const struct attempts *attempts, int longest)
{
	return growing_pause(attempts->tries - 2, longest);
}

int attempts_limit_pause_ms(const struct attempts *attempts, int longest)
{
	return growing_pause(attempts->limits, longest);
}

enum call_failure call_failure_of(long status)
{
	switch (status) {
	case 0:
	case 408:
	case 409:
	case 425:
	case 429:
		return FAILURE_PASSING;
	case 401:
	case 403:
	case 404:
		return FAILURE_DEPLOYMENT;
	default:
		break;
	}
	if (status >= 400 && status < 500)
		return FAILURE_REQUEST;
	/* A redirect is not followed: it is not the API that answers at that address. */
	return status < 400 ? FAILURE_DEPLOYMENT : FAILURE_PASSING;
}
