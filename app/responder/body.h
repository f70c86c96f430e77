/*
 * The body of a request, off the connection and checked. A request that names no model asks for the
 * default one. Each of these returns false if the body cannot be taken: then the client has its
 * answer, and nothing is left to free. What they read is in handlers->body.
 */
#ifndef RESPOOL_BODY_H
#define RESPOOL_BODY_H

#include <stdbool.h>

#include "common/response/create_request.h"
#include "common/response/model_request.h"
#include "handlers.h"

/* Whatever it is. */
bool body_take(struct handlers *handlers);
/* One of the Responses API, for a model that the client may use. */
bool body_take_create(struct handlers *handlers, struct create_request *request);
/* Likewise one of another API that names a model. */
bool body_take_model(struct handlers *handlers, struct model_request *request);

#endif
