/*
 * The body of POST /v1/responses, taken apart without changing what is in it.
 * All spans point into the body, which must outlive the struct.
 */
#ifndef RESPOOL_CREATE_REQUEST_H
#define RESPOOL_CREATE_REQUEST_H

#include <stdbool.h>

#include "api_error.h"
#include "buf.h"
#include "response.h"

struct create_request {
	struct span body;
	char *model; /* decoded, NUL-terminated; owned */
	bool background;
	bool stream;
	struct span input; /* raw JSON value; empty when the request has none */
	/*
	 * Raw values that the Response object repeats, by enum response_field; empty when absent.
	 */
	struct span fields[RESPONSE_FIELD_COUNT];
	/*
	 * Every member except model, stream, background and input, as the client spelled them,
	 * joined by commas and without braces: what the provider gets beside those four. Owned.
	 */
	struct buf rest;
};

/*
 * Checks the body (JSON, UTF-8, depth, an object, no member twice, the types of the members that
 * respool acts on: model, background, stream, metadata) and fills in *request. On failure returns
 * false, fills in *error (status 400) and leaves nothing to free.
 */
bool create_request_parse(
    struct create_request *request, struct span body, struct api_error *error);
void create_request_free(struct create_request *request);

#endif
