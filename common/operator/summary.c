#include "summary.h"

#include <string.h>

size_t summary_workers_alive(const struct store_snapshot *snapshot)
{
	size_t alive = 0;

	for (size_t i = 0; i < snapshot->worker_count; i++)
		alive += !snapshot->workers[i].lost;
	return alive;
}

long long summary_relay_streams(const struct store_snapshot *snapshot)
{
	long long streams = 0;

	for (size_t i = 0; i < snapshot->relay_count; i++)
		streams += snapshot->relays[i].streams;
	return streams;
}

const struct store_troubled *summary_troubled(
    const struct store_snapshot *snapshot, const char *deployment)
{
	for (size_t i = 0; i < snapshot->troubled_count; i++) {
		if (strcmp(snapshot->troubled[i].deployment, deployment) == 0)
			return &snapshot->troubled[i];
	}
	return NULL;
}

enum endpoint_state summary_endpoint_state(
    const struct config *config, const struct store_endpoint *endpoint, long long now)
{
	if (webhook_find(&config->webhooks, endpoint->name) == NULL)
		return ENDPOINT_UNKNOWN;
	if (endpoint->off)
		return ENDPOINT_OFF;
	return endpoint->rests_until > now ? ENDPOINT_RESTING : ENDPOINT_ON;
}
