/*
 * What all processes together know of the deployments: which have failed lately, and which rest
 * after allowed_fails failures in a row. The knowledge is in Redis alone, in two keys; each process
 * reads it about once a second while it has calls to make, and reports failures as they come, but
 * successes only of deployments that are known to have failed.
 */
#ifndef RESPOOL_HEALTH_H
#define RESPOOL_HEALTH_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "common/config/config.h"
#include "common/store/redis_args.h"

enum { HEALTH_READ_MS = 1000 };

struct health {
	const struct config *config;
	unsigned char *states; /* by the place in config->deployments */
};

/* config must outlive *health. Nothing has failed at first. */
void health_open(struct health *health, const struct config *config);
void health_close(struct health *health);

/* Whether there is a choice that it bears on: with a single deployment there is none. */
bool health_matters(const struct config *config);

bool health_rests(const struct health *health, const struct deployment *deployment);

/* Whether the outcome of a call has to be reported: every failure, and a success after one. */
bool health_is_news(const struct health *health, const struct deployment *deployment, bool failed);
/* Whether an outcome counts as the deployment's failure. status 0: it gave no answer. */
bool health_is_failure(long status);

/*
 * The command that reads the state, and what to do with its reply. Without one (NULL), or with an
 * error, what was known is forgotten: nobody rests for ever because Redis is gone.
 */
void health_read_args(struct redis_args *args);
void health_take(struct health *health, const redisReply *reply);

/*
 * The command that reports an outcome. Its reply is that of health_read_args(), as of afterwards.
 */
void health_report_args(struct redis_args *args, const struct config *config,
    const struct deployment *deployment, bool failed);

#endif
