/*
 * How processes share what they know of the deployments' health: it is in Redis alone, in three
 * keys of one slot.
 */
#ifndef RESPOOL_HEALTH_COMMANDS_H
#define RESPOOL_HEALTH_COMMANDS_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "common/config/config.h"
#include "common/provider/health.h"
#include "keys.h"
#include "redis_args.h"

/* The command that reads what is known. */
void health_read_args(struct redis_args *args, const struct key_space *space);

/*
 * The command that reports how a call to a deployment of config has ended, and for how long (ms)
 * its provider wants it left alone; 0: that was not said, and counts as nothing said. Its reply is
 * that of health_read_args(), as of afterwards.
 */
void health_report_args(struct redis_args *args, const struct key_space *space,
    const struct config *config, const struct deployment *deployment, bool failed,
    long long limit_ms);

/*
 * Puts the reply to one of them in the place of what *health says. Without one (NULL), or with an
 * error, what was known is forgotten: nobody rests for ever because Redis is gone.
 */
void health_take(struct health *health, const redisReply *reply);

#endif
