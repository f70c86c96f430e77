/* Parts of reading respool.api_keys and respool.api_key_defaults. */
#ifndef RESPOOL_CONFIG_TENANTS_INTERNAL_H
#define RESPOOL_CONFIG_TENANTS_INTERNAL_H

#include "config.h"
#include "config_section.h"
#include "config_yaml.h"

/* Readers, as config_section.h has them; dest is a struct access_key. */
/* A list takes the place of the one that is there. */
void tenant_read_models(const struct config_value *value, void *dest);
void tenant_read_expires(const struct config_value *value, void *dest);
void tenant_read_budget_duration(const struct config_value *value, void *dest);

/* What a key says of what may be asked for with it, and what the defaults say. */
#define TENANT_MEMBERS                                                                             \
	{"models", CONFIG_READER, .read = tenant_read_models},                                     \
	    {"rpm", CONFIG_LONG, IN(struct access_key, limits.rpm), .min = 1, .max = 1000000},     \
	    {"tpm", CONFIG_LONG, IN(struct access_key, limits.tpm), .min = 1, .max = 1000000000},  \
	    {"max_parallel", CONFIG_LONG, IN(struct access_key, limits.max_parallel), .min = 1,    \
		.max = 1000000},                                                                   \
	    {"max_queue", CONFIG_LONG, IN(struct access_key, limits.max_queue), .min = 0,          \
		.max = 1000000000},                                                                \
	    {"weight", CONFIG_NUMBER, IN(struct access_key, limits.weight), .least = 0.01,         \
		.max = 1000},                                                                      \
	    {"priority", CONFIG_BOOL, IN(struct access_key, priority)},                            \
	    {"max_budget", CONFIG_AMOUNT, IN(struct access_key, limits.max_budget),                \
		.max = 1000000000},                                                                \
	{                                                                                          \
		"budget_duration", CONFIG_READER, .read = tenant_read_budget_duration              \
	}

/* Errors of limits that cannot be kept, and warnings of what has no effect. */
void tenants_check(const struct config_value *respool, const struct config *config);

#endif
