/* The keys of administrators: respool.admin_keys. */
#ifndef RESPOOL_CONFIG_ADMIN_KEYS_H
#define RESPOOL_CONFIG_ADMIN_KEYS_H

#include "config.h"
#include "config_yaml.h"

/*
 * Appends the list's keys to config, except for those that are not set here. One may be a tenant's
 * as well. Reports errors, such as a name or a key that one before it has.
 */
void admin_keys_read(const struct config_value *list, struct config *config);

/* Frees all of them. */
void admin_keys_clear(struct config *config);

#endif
