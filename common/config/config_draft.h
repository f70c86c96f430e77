/*
 * What a file says, section by section, on its way to a struct config: the tables of all keys that
 * stand at its top and in the sections which have no file of their own.
 */
#ifndef RESPOOL_CONFIG_DRAFT_H
#define RESPOOL_CONFIG_DRAFT_H

#include <stdbool.h>

#include "config.h"
#include "config_deployment.h"
#include "config_redis.h"
#include "config_router.h"
#include "config_yaml.h"

struct config_draft {
	struct config config;
	char *master_key;
	bool has_master_key; /* be it in a variable that is not needed */
	struct deployment_defaults deployments;
	struct router_draft router, litellm;
	char *completion_model; /* LiteLLM's name for default_model */
	bool cache, has_cache;
	bool has_coordination_redis; /* redis is that one */
	struct redis_draft redis;
};

/*
 * Reads the file into *draft, which need not be anything before. What is wrong is reported, and
 * counted in file->error_count. All that remains of *draft is draft->config, which is the caller's
 * to free.
 */
void config_draft_read(struct config_file *file, struct config_draft *draft);

#endif
