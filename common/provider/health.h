/*
 * What a process knows of the deployments: which have failed lately, which rest after allowed_fails
 * failures in a row, and which are limited: their providers have said for how long they want to be
 * left alone. All processes share the knowledge by way of Redis, as
 * common/store/health_commands.h has it: each reads it about once a second while it has calls to
 * make, and reports failures as they come, but successes only of deployments that are known to have
 * failed.
 */
#ifndef RESPOOL_HEALTH_H
#define RESPOOL_HEALTH_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/config/config.h"

enum { HEALTH_READ_MS = 1000, HEALTH_LONGEST_LIMIT_MS = 3600 * 1000 };

struct seats;

struct health {
	const struct config *config;
	/* By the place in config->deployments: */
	unsigned char *states;
	long long *limited_until;  /* ms, of the monotonic clock */
	const struct seats *seats; /* of the process, not owned; NULL: none are counted */
};

/* config must outlive *health. Nothing has failed at first. */
void health_open(struct health *health, const struct config *config);
void health_close(struct health *health);

/* Whether there is a choice that failures bear on: with a single deployment there is none. */
bool health_matters(const struct config *config);

bool health_rests(const struct health *health, const struct deployment *deployment);
/* For how long (ms) it is limited still; 0: it is not. */
long long health_limited_ms(const struct health *health, const struct deployment *deployment);

/* Whether the outcome of a call has to be reported: every failure, and a success after one. */
bool health_is_news(const struct health *health, const struct deployment *deployment, bool failed);
/* Whether an outcome counts as the deployment's failure. status 0: it gave no answer. */
bool health_is_failure(long status);

/* What is known is no longer: nothing has failed. Limits stay, as they end by themselves. */
void health_forget(struct health *health);
/*
 * From now on the deployment of that id has failed, or rests. An id that is not configured is
 * passed over.
 */
void health_note_failed(struct health *health, struct span id);
void health_note_rest(struct health *health, struct span id);
/* It is limited for so long (ms) at least; what is longer than HEALTH_LONGEST_LIMIT_MS is that. */
void health_note_limit(struct health *health, struct span id, long long ms);

#endif
