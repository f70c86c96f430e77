/* The body of a request, as a client has spelled it, for the deployment that is to get it. */
#ifndef RESPOOL_REQUEST_BODY_H
#define RESPOOL_REQUEST_BODY_H

#include "common/base/buf.h"
#include "common/config/config.h"

/*
 * Appends body, a JSON object, with its members in their order and spelling: but what the
 * deployment calls the model in place of the client's name; without the members that it is not to
 * get, the gateway's own and those that the deployment drops; and with those that it has by default
 * where the client says nothing of them (request_defaults.h). model is the name by which the
 * deployment was found: the client's, or that of a fallback. body is a request of the Responses
 * API; what is to be translated may go through here before.
 */
void request_body_for(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model);

/* The same of a request of Chat Completions, to a deployment that is asked by that API. */
void request_body_for_chat(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model);

/* The same of a request of any other API, of which no deployment has members by default. */
void request_body_for_others(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model);

/*
 * Adds what the deployment's extra_body has and the body lacks; out holds that body, a JSON object,
 * and nothing else. For a body as it goes to the provider: after its translation.
 */
void request_body_add_extra(struct buf *out, const struct deployment *deployment);

/* Appends the members of request_body_for(), joined by commas, without braces. */
void request_body_add_members(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model);

/* Appends what the deployment calls the model, as a string of JSON. */
void request_body_add_model(
    struct buf *out, const struct deployment *deployment, const char *model);

#endif
