/*
 * Requests that are not for polling: they go to a deployment while the client waits, and the answer
 * comes back as the provider sent it, a stream event by event.
 *
 * A process that does this can do nothing else, so no more than max_passthrough of the children of
 * one parent do it at once.
 */
#ifndef RESPOOL_PASSTHROUGH_H
#define RESPOOL_PASSTHROUGH_H

#include "common/response/create_request.h"
#include "client_watch.h"
#include "handlers.h"

/* setup and config must outlive it. libcurl is set up when the first request needs it. */
struct passthrough *passthrough_open(
    const struct config *config, const struct responder_setup *setup);
void passthrough_close(struct passthrough *passthrough);

/*
 * Answers a request for a new response. context has the items that stand before its input if it
 * continues another response; deployment_id is the deployment to begin with, NULL or "" for any.
 */
void passthrough_create(struct handlers *handlers, const struct create_request *request,
    struct span context, const char *deployment_id);

/*
 * Answers a request about a response that is not stored here: by the deployment that made it, if
 * it was created by this tenant through respool and the deployment is still configured, else by
 * config->default_deployment, else with 404.
 */
void passthrough_by_id(struct handlers *handlers);

#endif
