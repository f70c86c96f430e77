#include "attempts.h"

#include <stdlib.h>
#include <string.h>

#include "attempts_internal.h"
#include "common/config/model.h"

enum { FIRST_PAUSE_MS = 500 };

static bool is_candidate(const struct attempts *attempts, const struct deployment *deployment)
{
	if (!deployment_usable(deployment, attempts->model))
		return false;
	return attempts->apis == ~0u ||
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

/* Turns to a model. False if it has no deployment that can be called. */
static bool enter_model(struct attempts *attempts, const char *model)
{
	attempts->model = model;
	attempts->tries = 1;
	attempts->retries = 0;
	attempts->pause = attempts->again = false;
	memset(attempts->tried, 0, sizeof(attempts->tried));
	collect_candidates(attempts);
	return attempts_draw(attempts);
}

static bool enter_fallback(struct attempts *attempts)
{
	const struct fallback *fallback = model_fallback(attempts->config, attempts->asked);

	while (fallback != NULL && attempts->next_fallback < fallback->count) {
		const char *model = fallback->models[attempts->next_fallback++];

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

void attempts_begin(struct attempts *attempts, const struct config *config,
    const struct health *health, const char *model)
{
	attempts_begin_among(attempts, config, health, model, ~0u);
}

void attempts_begin_among(struct attempts *attempts, const struct config *config,
    const struct health *health, const char *model, unsigned apis)
{
	*attempts =
	    (struct attempts){.config = config, .health = health, .asked = model, .apis = apis};
	if (enter_model(attempts, model))
		return;
	if (model_next_deployment(config, model, NULL) == NULL || !enter_fallback(attempts))
		end(attempts);
}

void attempts_prefer(struct attempts *attempts, const char *deployment_id)
{
	for (size_t i = 0; i < attempts->candidate_count; i++) {
		if (strcmp(attempts->candidates[i]->id, deployment_id) != 0)
			continue;
		attempts->tried[attempts->current] = false;
		attempts_take(attempts, i);
		return;
	}
}

void attempts_stay(struct attempts *attempts, const char *deployment_id)
{
	attempts_prefer(attempts, deployment_id);
	if (attempts->deployment == NULL || strcmp(attempts->deployment->id, deployment_id) != 0)
		return;
	attempts->candidates[0] = attempts->deployment;
	attempts->candidate_count = 1;
	attempts->alone = true;
	attempts_take(attempts, 0);
}

void attempts_only(struct attempts *attempts, const struct config *config,
    const struct deployment *deployment, const char *model)
{
	*attempts = (struct attempts){
	    .config = config, .asked = model, .model = model, .alone = true, .tries = 1};
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

/* The deployment that has failed may know itself how often to try again. */
static int allowed_retries(const struct attempts *attempts)
{
	const struct deployment *failed = attempts->deployment;

	return failed->has_retries ? failed->num_retries : attempts->config->num_retries;
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

static bool stay_with_model(struct attempts *attempts, enum call_failure failure)
{
	if (failure == FAILURE_DEPLOYMENT)
		strike(attempts);
	if (!(failure == FAILURE_DEPLOYMENT && move_on(attempts)) && !retry(attempts))
		return false;
	attempts->tries++;
	attempts->pause = attempts->again;
	return true;
}

bool attempts_next(struct attempts *attempts, enum call_failure failure)
{
	if (attempts->deployment == NULL || failure == FAILURE_REQUEST) {
		end(attempts);
		return false;
	}
	if (stay_with_model(attempts, failure))
		return true;
	if (!attempts->alone && enter_fallback(attempts))
		return true;
	end(attempts);
	return false;
}

int attempts_pause_ms(const struct attempts *attempts, int longest)
{
	int ms = FIRST_PAUSE_MS;

	for (int i = 2; i < attempts->tries && ms < longest; i++)
		ms *= 2;
	return ms / 2 + (int)(random() % (ms / 2 + 1));
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
