#include "config_webhooks.h"

#include <stdlib.h>
#include <string.h>

const struct webhook_endpoint *webhook_find(
    const struct webhooks_config *webhooks, const char *name)
{
	for (size_t i = 0; i < webhooks->count; i++) {
		if (strcmp(webhooks->endpoints[i].name, name) == 0)
			return &webhooks->endpoints[i];
	}
	return NULL;
}

void webhooks_read(const struct config_value *list, struct webhooks_config *webhooks)
{
	(void)list;
	(void)webhooks;
}

void webhooks_finish(const struct config_value *section, struct webhooks_config *webhooks)
{
	(void)section;
	(void)webhooks;
}

void webhooks_clear(struct webhooks_config *webhooks)
{
	free(webhooks->endpoints);
	free(webhooks->lines);
}
