#include "health.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/config/model.h"

enum { STATE_FAILED = 0x1, STATE_RESTS = 0x2 };

void health_open(struct health *health, const struct config *config)
{
	health->config = config;
	health->states = xcalloc(config->deployment_count + 1, 1);
	health->limited_until =
	    xcalloc(config->deployment_count + 1, sizeof(*health->limited_until));
	health->seats = NULL;
}

void health_close(struct health *health)
{
	free(health->states);
	free(health->limited_until);
	health->states = NULL;
	health->limited_until = NULL;
}

bool health_matters(const struct config *config)
{
	return config->deployment_count > 1;
}

static unsigned char *state_of(const struct health *health, const struct deployment *deployment)
{
	return &health->states[deployment - health->config->deployments];
}

bool health_rests(const struct health *health, const struct deployment *deployment)
{
	return (*state_of(health, deployment) & STATE_RESTS) != 0;
}

static long long *limit_of(const struct health *health, const struct deployment *deployment)
{
	return &health->limited_until[deployment - health->config->deployments];
}

long long health_limited_ms(const struct health *health, const struct deployment *deployment)
{
	long long until = *limit_of(health, deployment), now;

	if (until == 0)
		return 0;
	now = monotonic_ms();
	return until > now ? until - now : 0;
}

bool health_is_news(const struct health *health, const struct deployment *deployment, bool failed)
{
	return failed || (*state_of(health, deployment) & STATE_FAILED) != 0;
}

bool health_is_failure(long status)
{
	switch (status) {
	case 0:
	case 401:
	case 403:
	case 404:
	case 408:
	case 429:
		return true;
	default:
		return status >= 500;
	}
}

void health_forget(struct health *health)
{
	memset(health->states, 0, health->config->deployment_count);
}

static void note(struct health *health, struct span id, unsigned char state)
{
	const struct deployment *deployment = deployment_by_id(health->config, id);

	if (deployment != NULL)
		*state_of(health, deployment) |= state;
}

void health_note_failed(struct health *health, struct span id)
{
	note(health, id, STATE_FAILED);
}

void health_note_rest(struct health *health, struct span id)
{
	note(health, id, STATE_RESTS);
}

void health_note_limit(struct health *health, struct span id, long long ms)
{
	const struct deployment *deployment = deployment_by_id(health->config, id);
	long long until;

	if (deployment == NULL || ms <= 0)
		return;
	until = monotonic_ms() + (ms < HEALTH_LONGEST_LIMIT_MS ? ms : HEALTH_LONGEST_LIMIT_MS);
	if (*limit_of(health, deployment) < until)
		*limit_of(health, deployment) = until;
}
