/* Reads respool.webhooks. */
#ifndef RESPOOL_CONFIG_WEBHOOKS_H
#define RESPOOL_CONFIG_WEBHOOKS_H

#include "config_yaml.h"
#include "webhooks_config.h"

/* Appends the list's endpoints. Reports errors. */
void webhooks_read(const struct config_value *list, struct webhooks_config *webhooks);

/*
 * Once everything has been read: checks what endpoints have in common, and makes
 * webhooks_config.lines.
 */
void webhooks_finish(const struct config_value *section, struct webhooks_config *webhooks);

void webhooks_clear(struct webhooks_config *webhooks);

#endif
