/*
 * What the responder keeps in Redis: responses and their jobs, over one blocking connection that
 * is opened when first needed and again when it broke.
 *
 * Every call is one round trip (cancel and delete: two, for what was still queued) and returns
 * within the time-out of the connection.
 */
#ifndef RESPOOL_STORE_H
#define RESPOOL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "buf.h"
#include "config.h"

struct store;

enum store_result {
	STORE_OK,
	STORE_NOT_FOUND,   /* no such response, or another tenant's */
	STORE_QUEUE_FULL,  /* create: max_queue ids are waiting */
	STORE_UNAVAILABLE, /* Redis cannot be reached or refused; store_error() says how */
};

struct store *store_open(const struct redis_config *config);
void store_close(struct store *store);
/* Why the last call was STORE_UNAVAILABLE. Valid until the next call. */
const char *store_error(const struct store *store);

/* A job to create. Nothing is kept of the spans after the call. */
struct new_job {
	const char *id;
	const char *tenant;  /* "" for anonymous */
	const char *model;   /* as the client named it */
	struct span request; /* create_request.rest */
	struct span input;   /* raw JSON, or empty */
	struct span object;  /* the initial Response object */
	long ttl;            /* s */
	long max_queue;
};

/* Stores the response and its job and queues its id. Nothing is left behind unless STORE_OK. */
enum store_result store_create(struct store *store, const struct new_job *job);

/*
 * A response as it is stored. object and input point into the store's reply and are valid until the
 * next call on the same store.
 */
struct stored_response {
	struct span object; /* JSON; or, if foreign, whatever another program wrote */
	bool foreign;       /* has no job of ours: a LiteLLM proxy's */
};

enum store_result store_poll(
    struct store *store, const char *id, const char *tenant, struct stored_response *out);

/*
 * Cancels unless terminal already; *out is the object afterwards. Tells the worker that streams it.
 * A foreign one is left as it is, for store_replace().
 */
enum store_result store_cancel(
    struct store *store, const char *id, const char *tenant, struct stored_response *out);

/*
 * Puts object in place of old, for ttl seconds, if old is still what is stored. STORE_NOT_FOUND if
 * it was not.
 */
enum store_result store_replace(
    struct store *store, const char *id, struct span old, struct span object, long ttl);

/* Removes the response and its job. Tells the worker that streams it. */
enum store_result store_delete(struct store *store, const char *id, const char *tenant);

/* The request's input, raw JSON (empty if the request had none or it is not kept). */
enum store_result store_input(
    struct store *store, const char *id, const char *tenant, struct span *input);

/* Whether Redis answers. */
enum store_result store_ping(struct store *store);

#endif
