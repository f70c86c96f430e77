/* The body of a request as a deployment is to get it. */
#ifndef RESPOOL_UPSTREAM_BODY_H
#define RESPOOL_UPSTREAM_BODY_H

#include "common/base/buf.h"
#include "common/config/config.h"

/*
 * Appends the body of a request for a stream: what the deployment calls the model; the members of
 * rest (create_request.rest) but those that it is not to get, and those that it has by default
 * where rest says nothing of them (request_defaults.h); and the input, with the items of context
 * before its own (create_request_write_input()). rest, context and input may be empty.
 */
void upstream_body(struct buf *out, const struct deployment *deployment, const char *model,
    struct span rest, struct span context, struct span input);

#endif
