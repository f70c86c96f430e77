/*
 * What the parts of config_redis share: config_redis.c reads the file and puts all together,
 * config_redis_environment.c adds what variables say, config_redis_checks.c looks at the result.
 */
#ifndef RESPOOL_CONFIG_REDIS_INTERNAL_H
#define RESPOOL_CONFIG_REDIS_INTERNAL_H

#include "config_redis.h"

/*
 * Reads where Redis is, by a URL, by servers to ask, or by its host or socket. cache is where
 * errors are reported, as the other cache and place below.
 */
void redis_environment_locate(const struct config_value *cache, struct redis_draft *draft);
/* Warns of variables that say it too, and that LiteLLM would heed. */
void redis_environment_warn(const struct config_value *cache);
/* Adds what settings, which say where it is, lack beside that. */
void redis_environment_fill(const struct config_value *cache, struct redis_settings *settings);

/* Reports what is wrong or does not go together, and drops what goes unused. */
void redis_settings_check(const struct config_value *place, struct redis_settings *settings);

/* Reads a namespace. *namespace is NULL if it changes no key. */
void redis_namespace_read(const struct config_value *value, char **namespace);

#endif
