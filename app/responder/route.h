/*
 * From the path of a request to what it asks for. Only the path's end counts, so that the web
 * server may mount the application anywhere: "/responses", "/v1/responses",
 * "/openai/v1/responses" and "/any/prefix/v1/responses" are the same route.
 *
 * What administrators ask for is told apart by "respool" directly before "v1", or at the end. So an
 * application that is mounted at a path which ends in "/respool" has two routes by one path, as by
 * "/respool/v1/responses/{id}": it is the administrators'. What only clients have there, as
 * "POST /respool/v1/responses", is theirs.
 */
#ifndef RESPOOL_ROUTE_H
#define RESPOOL_ROUTE_H

#include <stddef.h>

#include "common/base/buf.h"

enum route_kind {
	ROUTE_UNKNOWN,
	ROUTE_RESPONSES,     /* …/responses */
	ROUTE_INPUT_TOKENS,  /* …/responses/input_tokens */
	ROUTE_COMPACT,       /* …/responses/compact */
	ROUTE_RESPONSE,      /* …/responses/{id} */
	ROUTE_CANCEL,        /* …/responses/{id}/cancel */
	ROUTE_INPUT_ITEMS,   /* …/responses/{id}/input_items */
	ROUTE_CHAT,          /* …/chat/completions */
	ROUTE_EMBEDDINGS,    /* …/embeddings */
	ROUTE_MODELS,        /* …/models */
	ROUTE_MODEL,         /* …/models/{model} */
	ROUTE_CONVERSATIONS, /* …/conversations and what is below */
	ROUTE_LIVENESS,      /* …/health/liveliness or …/health/liveness */
	ROUTE_READINESS,     /* …/health/readiness or …/health */
	ROUTE_METRICS,       /* …/metrics */

	ROUTE_PAGE,            /* …/respool/ */
	ROUTE_PAGE_MOVED,      /* …/respool */
	ROUTE_ADMIN_STATUS,    /* …/respool/v1/status, and so on */
	ROUTE_ADMIN_USAGE,     /* …/usage */
	ROUTE_ADMIN_WORKERS,   /* …/workers */
	ROUTE_ADMIN_DRAIN,     /* …/workers/{id}/drain */
	ROUTE_ADMIN_PAUSE,     /* …/pause */
	ROUTE_ADMIN_RESUME,    /* …/resume */
	ROUTE_ADMIN_RESPONSES, /* …/responses: a list of them, or a client's create */
	ROUTE_ADMIN_RESPONSE,  /* …/responses/{id}: a poll, or a client's delete */
	ROUTE_ADMIN_DETAILS,   /* …/responses/{id}/details */
	ROUTE_ADMIN_CANCEL,    /* …/responses/{id}/cancel */
	ROUTE_ADMIN_RETRY,     /* …/responses/{id}/retry */
	ROUTE_ADMIN_WEBHOOKS,  /* …/webhooks */
	ROUTE_ADMIN_REDELIVER, /* …/webhooks/{id}/retry */
};

struct route {
	enum route_kind kind;
	/*
	 * Points into the path; unchecked; empty for routes without one. That of a model, and what
	 * is below conversations, may have slashes in it.
	 */
	struct span id;
};

/*
 * Slashes may be doubled, and may stand at the end. So may the whole path be, as by a server that
 * gives it twice.
 */
struct route route_find(struct span path);

/* How the routes' paths end, for messages, one after the other; NULL behind the last. */
const char *route_pattern(size_t i, enum route_kind *kind);

#endif
