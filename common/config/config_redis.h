/*
 * Where Redis is: litellm_settings.cache_params, and the environment variables that LiteLLM looks
 * at for what these do not say.
 */
#ifndef RESPOOL_CONFIG_REDIS_H
#define RESPOOL_CONFIG_REDIS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "config_yaml.h"
#include "redis_settings.h"

/* What cache_params says, or coordination_redis. */
struct redis_draft {
	bool is_given;
	bool is_redis;              /* by its type */
	struct redis_settings keys; /* by its single keys */
	struct redis_settings url;  /* by its url */
	bool has_url;
	bool is_wrong; /* reported already */
};

#define REDIS_DRAFT_INIT                                                                           \
	{                                                                                          \
		.is_redis = true, .keys = REDIS_SETTINGS_INIT, .url = REDIS_SETTINGS_INIT          \
	}

/* Reports errors. */
void redis_draft_read(const struct config_value *cache_params, struct redis_draft *draft);

/* Makes of it one that says nothing. */
void redis_draft_clear(struct redis_draft *draft);

/* Whether the keys of the file, or its url, say where Redis is. */
bool redis_draft_is_located(const struct redis_draft *draft);

/* Whether a variable of the environment names a host or a URL, or nodes to ask. */
bool redis_is_in_environment(void);

/*
 * Turns the draft, of which nothing is left to free, into *redis. cache is where the file wants it,
 * litellm_settings.cache or coordination_redis, for messages; NULL if it wants none. elsewhere is
 * where the file names a Redis for another purpose, or NULL: an error if nothing says where the one
 * of responses is. Reports errors.
 */
void redis_draft_finish(const struct config_value *cache, const struct config_value *elsewhere,
    struct redis_draft *draft, struct redis_config *redis);

#endif
