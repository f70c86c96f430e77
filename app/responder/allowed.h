/*
 * What the key of a request lets it ask for. A model that it may not use is as good as none, and
 * is answered so.
 */
#ifndef RESPOOL_ALLOWED_H
#define RESPOOL_ALLOWED_H

#include <stdbool.h>

#include "common/response/gateway_members.h"
#include "handlers.h"

/*
 * Whether the model, as the client names it, is served and the key may use it and the fallbacks
 * that the request brings itself; else the client has a 404 as its answer.
 */
bool allowed_to_use(
    struct handlers *handlers, const char *model, const struct gateway_members *members);

#endif
