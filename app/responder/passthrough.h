/*
 * Requests that are not for polling: a responder reads them and finds out whom they are for, and
 * hands them over to a relay, which asks the provider and answers.
 */
#ifndef RESPOOL_PASSTHROUGH_H
#define RESPOOL_PASSTHROUGH_H

#include "common/response/create_request.h"
#include "handlers.h"

struct passthrough *passthrough_open(void);
void passthrough_close(struct passthrough *passthrough);

/*
 * Passes on a request for a new response. context has the items that stand before its input if it
 * continues another response; deployment_id is the deployment to begin with, NULL or "" for any.
 */
void passthrough_create(struct handlers *handlers, const struct create_request *request,
    struct span context, const char *deployment_id);

/*
 * Passes on a request about a response that is not stored here: to the deployment that made it, if
 * it was created by this tenant through respool and the deployment is still configured, else to
 * config->default_deployment; else answers 404.
 */
void passthrough_by_id(struct handlers *handlers);

#endif
