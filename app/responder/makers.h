/*
 * Who made what a request has in its input, and nobody else can read: the request is to begin there
 * and to stay there.
 */
#ifndef RESPOOL_MAKERS_H
#define RESPOOL_MAKERS_H

#include "common/response/create_request.h"
#include "context.h"
#include "handlers.h"

/*
 * Chooses the deployment by the encrypted contents of the context and of the input, and by the
 * marks of a LiteLLM proxy; sets context->deployment and request->stays if it finds one. The maker
 * of the last content that is known counts. What a provider's response was that the request follows
 * counts before all of them. While Redis is away there is nothing to find.
 */
void makers_choose(
    struct handlers *handlers, struct create_request *request, struct context *context);

#endif
