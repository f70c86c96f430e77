/*
 * A request on its way to a deployment and back, while its client waits: retries, other
 * deployments and fallbacks until there is an answer, and what the client gets for it.
 */
#ifndef RESPOOL_ERRAND_H
#define RESPOOL_ERRAND_H

#include "common/provider/attempts.h"
#include "common/response/create_request.h"
#include "client_watch.h"
#include "direct_call.h"
#include "handlers.h"
#include "relay.h"
#include "common/provider/secret.h"

struct errand {
	struct handlers *handlers;
	struct health *health; /* what becomes of each call is noted there, and reported */
	const char *method;
	struct span path; /* under the API's base */
	const char *query;
	const char *accept;
	bool streams; /* a stream is asked for; what is no stream is silent until it is whole */
	/* Of a create; NULL for a request about a response that exists. */
	const struct create_request *create;
	struct span context;      /* what stands before create's input */
	struct attempts attempts; /* with a deployment to begin with */

	/* The rest belongs to errand.c. */
	struct client_watch watch;
	struct secrets secrets;
	struct relay relay;
	struct direct_result result;
};

/* Calls one deployment after the other until the client can be answered, and answers it. */
void errand_run(
    struct errand *errand, struct direct_caller *caller, const struct signal_source *signals);

/* Whether a provider has done what was asked. */
bool errand_succeeded(const struct errand *errand);

/* Whether all processes are to know how a deployment's calls go. */
bool errand_shares_health(const struct handlers *handlers);

#endif
