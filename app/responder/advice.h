/* Advice about Redis at the start, by a process of its own, as it may have to wait for Redis. */
#ifndef RESPOOL_ADVICE_H
#define RESPOOL_ADVICE_H

#include "common/config/redis_config.h"

/*
 * Logs what there is to be advised (operate.h), or that Redis cannot be reached. Returns at once;
 * the process that does this is nobody's child, and has half a minute.
 */
void advice_give(const struct redis_config *config);

#endif
