/* The header X-Respool-Webhook of a request that creates a response. */
#ifndef RESPOOL_NAMED_WEBHOOK_H
#define RESPOOL_NAMED_WEBHOOK_H

#include <stdbool.h>

#include "common/response/api_error.h"
#include "handlers.h"

/*
 * Whether the request may name the endpoint that it names; *name is that, in handlers->config, or
 * NULL if it names none. On failure returns false and fills in *error (400).
 */
bool named_webhook_take(
    const struct handlers *handlers, const char **name, struct api_error *error);
/*
 * The same for a response that will not be respool's own: nobody would tell of its end, so none
 * may be named.
 */
bool named_webhook_none(const struct handlers *handlers, struct api_error *error);

#endif
