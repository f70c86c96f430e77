/* Other names for models: router_settings.model_group_alias. */
#ifndef RESPOOL_CONFIG_ALIASES_H
#define RESPOOL_CONFIG_ALIASES_H

#include "config.h"
#include "config_yaml.h"

/*
 * Appends the aliases of a mapping to config; one that is there already stays as it is. Reports
 * errors.
 */
void aliases_read(const struct config_value *mapping, struct config *config);

/*
 * Once all deployments are known: warns of the mapping's aliases that lead to a model without any.
 */
void aliases_check(const struct config_value *mapping, const struct config *config);

void aliases_clear(struct config *config);

#endif
