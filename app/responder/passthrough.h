/*
 * Requests that are not for polling: a responder reads them and finds out whom they are for, and
 * hands them over to a relay, which asks the provider and answers.
 */
#ifndef RESPOOL_PASSTHROUGH_H
#define RESPOOL_PASSTHROUGH_H

#include <stdbool.h>

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

/* Whether anything is passed through; else the client has a 501 as its answer. */
bool passthrough_is_on(struct handlers *handlers);

/* A call of a model that no other API can be asked for. */
struct untranslated {
	const char *path; /* under a deployment's base: "chat/completions" */
	const char *model;
	struct span body; /* an object in JSON, with the model's name in it */
	bool streams;
	const char *deployment; /* the id of the one to begin with, NULL or "" for any */
	bool stays;             /* no other can answer */
	const struct gateway_members *gateway;
};

/*
 * Passes it on to a deployment of the model that has that path (api_path.h), or answers 404: there
 * is none.
 */
void passthrough_untranslated(struct handlers *handlers, const struct untranslated *request);

/*
 * Passes on a request about conversations, of which a provider keeps what was said: to that of
 * config->default_deployment, with its method, or answers 404. path is under the deployment's base.
 */
void passthrough_conversation(struct handlers *handlers, const char *path, struct span body);

/*
 * Passes on a request about a response that is not stored here: to the deployment that made it, if
 * it was created by this tenant through respool and the deployment is still configured, else to
 * config->default_deployment; else answers 404.
 */
void passthrough_by_id(struct handlers *handlers);

#endif
