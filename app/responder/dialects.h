/*
 * Whether a request can be said to the deployments of its model, whatever they speak: asked before
 * a response gets an id. Who passes a request through finds out himself.
 */
#ifndef RESPOOL_DIALECTS_H
#define RESPOOL_DIALECTS_H

#include <stdbool.h>

#include "common/response/create_request.h"
#include "handlers.h"

/*
 * Whether a deployment of the request's model, or of one of its fallbacks, can be asked: one that
 * speaks the Responses API, or another dialect in which the request can be said. context is what
 * comes before the input. If there is none, the client has the reason of the first one as its
 * answer.
 */
bool dialects_can_say(
    struct handlers *handlers, const struct create_request *request, struct span context);

#endif
