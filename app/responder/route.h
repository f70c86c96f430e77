/*
 * From the path of a request to what it asks for. Only the path's end counts, so that the web
 * server may mount the application anywhere: "/responses", "/v1/responses",
 * "/openai/v1/responses" and "/any/prefix/v1/responses" are the same route.
 */
#ifndef RESPOOL_ROUTE_H
#define RESPOOL_ROUTE_H

#include "common/base/buf.h"

enum route_kind {
	ROUTE_UNKNOWN,
	ROUTE_RESPONSES,   /* …/responses */
	ROUTE_RESPONSE,    /* …/responses/{id} */
	ROUTE_CANCEL,      /* …/responses/{id}/cancel */
	ROUTE_INPUT_ITEMS, /* …/responses/{id}/input_items */
	ROUTE_LIVENESS,    /* …/health/liveliness or …/health/liveness */
	ROUTE_READINESS,   /* …/health/readiness */
};

struct route {
	enum route_kind kind;
	struct span id; /* points into the path; unchecked; empty for routes without one */
};

/* Slashes may be doubled, and may stand at the end. */
struct route route_find(struct span path);

#endif
