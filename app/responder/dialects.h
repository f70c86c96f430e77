/* Whether a request can be said to the deployments of its model, whatever they speak. */
#ifndef RESPOOL_DIALECTS_H
#define RESPOOL_DIALECTS_H

#include <stdbool.h>

#include "common/response/create_request.h"
#include "handlers.h"

/*
 * Whether a deployment of the request's model, or of one of its fallbacks, can be asked: one that
 * speaks the Responses API, or another dialect in which the request can be said. context is what
 * comes before the input; what a response that is polled keeps from the provider is not looked at.
 * If there is none, the client has the reason of the first one as its answer.
 */
bool dialects_can_say(struct handlers *handlers, const struct create_request *request,
    struct span context, bool polled);

#endif
