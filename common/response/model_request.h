/*
 * The body of a request that goes to a provider's API as it is: only what says where it goes, and
 * how the answer comes, is looked at.
 */
#ifndef RESPOOL_MODEL_REQUEST_H
#define RESPOOL_MODEL_REQUEST_H

#include <stdbool.h>

#include "api_error.h"
#include "common/base/buf.h"
#include "gateway_members.h"

struct model_request {
	/* The client's, which must outlive the struct, or the struct's own. */
	struct span body;
	char *model; /* NULL if not given, until model_request_use_model(); owned */
	bool stream;
	struct gateway_members gateway; /* what it asks of the gateway */
	struct buf named;               /* body with the model that it was given; owned */
};

/*
 * Checks the body (JSON, UTF-8, depth, an object, no member twice, the types of model, stream and
 * of what is the gateway's) and fills in *request. On failure returns false, fills in *error
 * (status 400) and leaves nothing to free.
 */
bool model_request_parse(struct model_request *request, struct span body, struct api_error *error);
void model_request_free(struct model_request *request);

/* Has a request that names no model ask for this one. */
void model_request_use_model(struct model_request *request, const char *model);

#endif
