/* The model_list of the configuration: its deployments. */
#ifndef RESPOOL_CONFIG_DEPLOYMENT_H
#define RESPOOL_CONFIG_DEPLOYMENT_H

#include "config.h"
#include "config_yaml.h"

/* s, the most that a deployment's time-outs may be. */
enum { MAX_SECONDS = 7 * 24 * 3600 };

/* What holds for deployments that do not say themselves. */
struct deployment_defaults {
	bool drop_params;
	double timeout, stream_timeout, silence_timeout; /* s; as in struct deployment */
};

/*
 * Appends the list's deployments to config, their providers' defaults filled in. Reports errors.
 */
void deployments_read(const struct config_value *model_list,
    const struct deployment_defaults *defaults, struct config *config);

/*
 * Whether model_list has an entry with this model_name, to the letter, be it one with an error of
 * which no deployment was made.
 */
bool deployments_have(const struct config_value *root, const char *model_name);

/* Frees what the deployment holds. */
void deployment_clear(struct deployment *deployment);

#endif
