/*
 * What previous_response_id stands for. A provider knows its own responses only, so for one of ours
 * the request is sent with what has been said so far: the earlier context, the earlier input and
 * the earlier output, in front of its own input.
 */
#ifndef RESPOOL_CONTEXT_H
#define RESPOOL_CONTEXT_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/response/create_request.h"
#include "handlers.h"

struct context {
	struct buf items; /* JSON values joined by commas; empty if there are none */
	/*
	 * The id of the deployment to begin with, or NULL: it made the previous response, or
	 * something in the input that others may not be able to read.
	 */
	char *deployment;
};

/*
 * Looks up what the request continues, which may be nothing, and notes in *request if that goes
 * back to a response that a provider keeps (create_request_follow()), and if it has to stay with
 * one deployment (makers_choose()). Returns false if it cannot be continued: then the client has
 * its answer, and nothing is left to free.
 */
bool context_find(
    struct handlers *handlers, struct create_request *request, struct context *context);
void context_free(struct context *context);

#endif
