/* Which responses are polled, and for how long: litellm_settings.responses. */
#ifndef RESPOOL_CONFIG_POLLING_H
#define RESPOOL_CONFIG_POLLING_H

#include "config.h"
#include "config_yaml.h"

/* s, the most that anything may be kept in Redis. */
enum { MAX_TTL = 10 * 365 * 24 * 3600 };

/* Reads the section; what it does not say stays as it is. Reports errors. */
void polling_read(const struct config_value *responses, struct polling_config *polling);

/* Frees what the settings hold. */
void polling_clear(struct polling_config *polling);

#endif
