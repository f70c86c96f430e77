/*
 * Who may ask: the tenant of general_settings.master_key, and those of respool.api_keys. And what
 * each may ask for.
 */
#ifndef RESPOOL_CONFIG_TENANTS_H
#define RESPOOL_CONFIG_TENANTS_H

#include "config.h"
#include "config_yaml.h"

/* Appends the tenant of the master key, which becomes its own. */
void tenants_add_master(struct config *config, char *key);

/*
 * The same of the key in the environment, as LiteLLM has it, if there is one. place is where the
 * file would have it, for errors.
 */
void tenants_add_environment(const struct config_value *place, struct config *config);

/* What counts for all of them where they do not say it themselves: has to be read before them. */
void tenants_read_defaults(const struct config_value *mapping, struct config *config);

/*
 * Appends the list's tenants to config, also those whose key is not set and not needed here.
 * Reports errors, such as a name or a key that a tenant before it has.
 */
void tenants_read(const struct config_value *list, struct config *config);

/*
 * When all of the file has been read: gives the master's tenant what the defaults say, and reports
 * limits that cannot be kept; respool is the section.
 */
void tenants_finish(const struct config_value *respool, struct config *config);

/*
 * The tenant of that name, or what counts for clients without a key if name is "" or nobody's. It
 * belongs to config.
 */
const struct access_key *tenant_of(const struct config *config, const char *name);

/* Frees all tenants. */
void tenants_clear(struct config *config);

#endif
