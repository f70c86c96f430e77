/* Parts of reading respool.api_keys and respool.api_key_defaults. */
#ifndef RESPOOL_CONFIG_TENANTS_INTERNAL_H
#define RESPOOL_CONFIG_TENANTS_INTERNAL_H

#include "config.h"
#include "config_yaml.h"

/* Readers, as config_section.h has them; dest is a struct access_key. */
/* A list takes the place of the one that is there. */
void tenant_read_models(const struct config_value *value, void *dest);
void tenant_read_expires(const struct config_value *value, void *dest);
void tenant_read_budget_duration(const struct config_value *value, void *dest);

/* Errors of limits that cannot be kept, and warnings of what has no effect. */
void tenants_check(const struct config_value *respool, const struct config *config);

#endif
