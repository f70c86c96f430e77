#include "health.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/config/model.h"

enum { STATE_FAILED = 0x1, STATE_RESTS = 0x2 };

void health_open(struct health *health, const struct config *config)
{
	health->config = config;
	health->states = xcalloc(config->deployment_count + 1, 1);
	health->seats = NULL;
}

void health_close(struct health *health)
{
	free(health->states);
	health->states = NULL;
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
