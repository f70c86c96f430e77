/* The section credential_list: what several deployments say in common, by a name. */
#ifndef RESPOOL_CONFIG_CREDENTIALS_H
#define RESPOOL_CONFIG_CREDENTIALS_H

#include "config_yaml.h"

/* Checks the list. Reports errors, such as a name that is there twice. */
void credentials_read(const struct config_value *list, void *dest);

/*
 * Checks litellm_credential_name in litellm_params. Reports an error if the list has no credential
 * of that name.
 */
void credentials_check_name(const struct config_value *name, void *dest);

/*
 * The values of the credential that params names, for the rest of params. False if it names none,
 * or one that is not in the list.
 */
bool credentials_find(const struct config_value *params, struct config_value *values);

#endif
