/* The model_list of the configuration: its deployments. */
#ifndef RESPOOL_CONFIG_DEPLOYMENT_H
#define RESPOOL_CONFIG_DEPLOYMENT_H

#include "config.h"
#include "config_yaml.h"

/* What holds for deployments that do not say themselves. */
struct deployment_defaults {
	bool drop_params;
};

/*
 * Appends the list's deployments to config, their providers' defaults filled in. Reports errors.
 */
void deployments_read(const struct config_value *model_list,
    const struct deployment_defaults *defaults, struct config *config);

/* Frees what the deployment holds. */
void deployment_clear(struct deployment *deployment);

#endif
