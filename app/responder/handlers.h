/* What each route does: from a request to its answer. */
#ifndef RESPOOL_HANDLERS_H
#define RESPOOL_HANDLERS_H

#include <time.h>

#include "activity.h"
#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/response/gateway_members.h"
#include "common/response/litellm_mark.h"
#include "common/store/store.h"
#include "fcgi_request.h"
#include "relay_access.h"
#include "reply.h"
#include "request.h"

/* How a responder was started. */
struct responder_setup {
	const char *config_path;
	int children; /* that serve together with this process, itself included; 0 if not known */
	const struct relay_access *relays; /* that it hands long answers over to */
	struct activity *activity;
};

struct passthrough;

/* What a responder needs for its requests, and the one that it is answering. */
struct handlers {
	const struct config *config;
	const struct relay_access *relays;
	struct activity *activity;
	struct store *store;             /* NULL if no Redis is configured */
	struct passthrough *passthrough; /* NULL if max_passthrough is 0 */
	struct reply reply;
	struct fcgi_request *fcgi; /* the request that is being answered, and the same read: */
	struct http_request request;
	const char *tenant;           /* "" for a client without a key */
	const struct access_key *key; /* that one's; config->tenant_defaults where there is none */
	const char *admin;            /* name of the administrator's key; NULL if there was none */
	struct litellm_mark mark;     /* of the id in the path; stored_id_take() has read it */
	struct buf path;              /* of the request */
	struct buf body;              /* of the request */
	struct buf object;            /* a Response object or list that is being made */
	struct gateway_notes gateway_notes;
	time_t warned_at; /* when the log last said that Redis cannot be reached */
};

/*
 * config and setup must outlive *handlers. No connection is opened before the first request needs
 * it.
 */
void handlers_open(
    struct handlers *handlers, const struct config *config, const struct responder_setup *setup);
void handlers_close(struct handlers *handlers);

/* Answers the request; the caller finishes it. */
void handlers_answer(struct handlers *handlers, struct fcgi_request *fcgi);

#endif
