/* The body of a request, as a client has spelled it, for the deployment that is to get it. */
#ifndef RESPOOL_REQUEST_BODY_H
#define RESPOOL_REQUEST_BODY_H

#include "common/base/buf.h"
#include "common/config/config.h"

/*
 * Appends body, a JSON object, with its members in their order and spelling: but what the
 * deployment calls the model in place of the client's name, and without the members that it is not
 * to get: the gateway's own, and those that the deployment drops. model is the name by which the
 * deployment was found: the client's, or that of a fallback.
 */
void request_body_for(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model);

/* Appends the same members, joined by commas, without braces. */
void request_body_add_members(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model);

/* Appends what the deployment calls the model, as a string of JSON. */
void request_body_add_model(
    struct buf *out, const struct deployment *deployment, const char *model);

#endif
