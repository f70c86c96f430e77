/* The model_list of the configuration: its deployments. */
#ifndef RESPOOL_CONFIG_DEPLOYMENT_H
#define RESPOOL_CONFIG_DEPLOYMENT_H

#include "config.h"
#include "config_yaml.h"

/*
 * Appends the list's deployments to config, their providers' defaults filled in. drop_params holds
 * for those that do not say themselves. Reports errors.
 */
void deployments_read(
    const struct config_value *model_list, bool drop_params, struct config *config);

/* Frees what the deployment holds. */
void deployment_clear(struct deployment *deployment);

#endif
