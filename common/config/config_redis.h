/*
 * Where Redis is: litellm_settings.cache_params, else the environment variables LiteLLM looks at.
 */
#ifndef RESPOOL_CONFIG_REDIS_H
#define RESPOOL_CONFIG_REDIS_H

#include <stdbool.h>

#include "config.h"
#include "config_yaml.h"

/* What cache_params says. */
struct redis_draft {
	bool is_redis;             /* by its type */
	struct redis_config redis; /* by its single keys; port 0 and db -1 if not given */
	struct redis_config url;   /* by its url */
	bool has_url;
};

#define REDIS_DRAFT_INIT                                                                           \
	{                                                                                          \
		.is_redis = true, .redis = {.db = -1}, .url = {.db = -1 }                          \
	}

/* Reports errors. */
void redis_draft_read(const struct config_value *cache_params, struct redis_draft *draft);

/*
 * Turns the draft, of which nothing is left to free, into *redis. cache is litellm_settings.cache,
 * for messages, or NULL if that is not true. elsewhere is where the file names a Redis for another
 * purpose, or NULL: an error if nothing says where the one of responses is. Reports errors.
 */
void redis_draft_finish(const struct config_value *cache, const struct config_value *elsewhere,
    struct redis_draft *draft, struct redis_config *redis);

#endif
