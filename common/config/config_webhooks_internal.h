/* Parts of reading respool.webhooks. */
#ifndef RESPOOL_CONFIG_WEBHOOKS_INTERNAL_H
#define RESPOOL_CONFIG_WEBHOOKS_INTERNAL_H

#include "config_yaml.h"
#include "webhooks_config.h"

/* An element of the list on its way. */
struct webhook_draft {
	struct webhook_endpoint endpoint;
	char *host; /* of the URL, owned */
};

/*
 * Of the url: url, site, is_loopback and the draft's host. dest is the draft, which knows already
 * whether it is internal.
 */
void webhook_read_url(const struct config_value *value, void *dest);

/* Of the secret, or a list of them; those that are unset here and not needed are left out. */
void webhook_read_secrets(const struct config_value *value, void *dest);

#endif
