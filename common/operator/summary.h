/* What a snapshot says of the installation, counted and found. */
#ifndef RESPOOL_OPERATOR_SUMMARY_H
#define RESPOOL_OPERATOR_SUMMARY_H

#include "common/store/operate.h"

size_t summary_workers_alive(const struct store_snapshot *snapshot);
/* Answers that all relays together hold open. */
long long summary_relay_streams(const struct store_snapshot *snapshot);
/* What troubles the deployment of that id; NULL if nothing does. */
const struct store_troubled *summary_troubled(
    const struct store_snapshot *snapshot, const char *deployment);

enum endpoint_state {
	ENDPOINT_ON,
	ENDPOINT_RESTING, /* until endpoint->rests_until */
	ENDPOINT_OFF,
	ENDPOINT_UNKNOWN, /* it is not configured */
};

/* How it is at that time (UNIX time, ms) with an endpoint of webhooks. */
enum endpoint_state summary_endpoint_state(
    const struct config *config, const struct store_endpoint *endpoint, long long now);

#endif
