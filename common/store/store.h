/*
 * What the responder keeps in Redis: responses and their jobs, over one blocking connection, or one
 * to each node of a Cluster, that is opened when first needed and again when it broke.
 *
 * Every call is one round trip and returns within the time-out of the connection. Cancel makes two
 * for what has not ended, and so does delete. In a Cluster create makes two, and while slots move
 * there may be more, for a second at most.
 */
#ifndef RESPOOL_STORE_H
#define RESPOOL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/response/encrypted_content.h"
#include "common/response/response.h"
#include "admission.h"

struct store;

enum store_result {
	STORE_OK,
	STORE_NOT_FOUND,     /* no such response, or another tenant's */
	STORE_OTHERS,        /* native: another tenant's */
	STORE_QUEUE_FULL,    /* create: max_queue ids are waiting */
	STORE_BYTES_FULL,    /* create: jobs of max_queue_bytes wait or run */
	STORE_CONTEXTS_FULL, /* create: contexts of max_queue_bytes are kept */
	STORE_LIMITED, /* create: a limit of the key is reached; store_admission() says which */
	STORE_CREATED_BEFORE, /* create: the Idempotency-Key stands for store_created_before() */
	STORE_KEY_TAKEN,      /* create: it does, which another request has made */
	STORE_UNAVAILABLE,    /* Redis cannot be reached or refused; store_error() says how */
};

struct store *store_open(const struct redis_config *config);
void store_close(struct store *store);
/*
 * The ends that are brought by this store are noted for these endpoints from now on; before, for
 * none. *webhooks must outlive the store.
 */
void store_use_webhooks(struct store *store, const struct webhooks_config *webhooks);
/* Whether there is a connection, as far as is known; in a Cluster, to any node. */
bool store_is_connected(const struct store *store);
/* Why the last call was STORE_UNAVAILABLE. Valid until the next call. */
const char *store_error(const struct store *store);

/* Who goes first where jobs wait. */
enum service_tier { TIER_PRIORITY, TIER_DEFAULT, TIER_FLEX };

/* What a client has its request known by, so that it is served once. */
struct idempotency {
	const char *key;    /* digest_for() of the tenant and the Idempotency-Key; NULL: none */
	const char *digest; /* of the request */
	long ttl;           /* s that the key stands for the response */
	const char *gone;   /* id of a response that it stands for no more; NULL: none is known */
};

/* A job to create. Nothing is kept of the spans after the call. */
struct new_job {
	const char *id;
	const char *tenant;     /* "" for anonymous */
	const char *model;      /* as the client named it */
	const char *label;      /* model_label() of that: what it is counted and paused by */
	const char *request_id; /* of the request that asks for it; NULL or "" if it has none */
	struct span request;    /* create_request.rest */
	/*
	 * Whether input and context are kept, for input_items and for responses that continue this
	 * one. If not, both are empty: the request has them, and goes when the response has ended.
	 */
	bool keeps_input;
	/* The input is kept without credentials. What is to be sent is in the request alone. */
	bool request_has_input;
	struct span input;      /* raw JSON, or empty */
	struct span context;    /* items, joined by commas, that stand before the input; or empty */
	const char *deployment; /* id of the deployment to begin with, or NULL */
	const char *follows;    /* id of the provider's response that all this follows, or NULL */
	bool stays;             /* at that deployment: no other can read all of it */
	struct span headers;    /* for the provider: client_headers.h; may be empty */
	const char *webhook;    /* the endpoint that the request names, or NULL */
	struct span object;     /* the initial Response object */
	bool stream;            /* its events are kept, for clients that read them */
	struct span first_event; /* whole, as a stream has it; empty unless stream */
	long ttl;                /* s */
	long unstored_ttl;       /* s after its end, if it is not to be kept for longer; else 0 */
	long max_queue;
	size_t max_queue_bytes;
	enum service_tier tier;
	const struct key_limits *limits; /* of the tenant; NULL: as they are, and none refuses */
	long long expected_tokens;       /* that count against tpm until it has ended */
	struct idempotency idempotency;
};

/* Stores the response and its job and queues its id. Nothing is left behind unless STORE_OK. */
enum store_result store_create(struct store *store, const struct new_job *job);

/* How the limits of its key stand with the last call of store_create(). */
const struct admission *store_admission(const struct store *store);
/* The response that the last call of store_create() has found in the place of a new one. */
const char *store_created_before(const struct store *store);

/*
 * A response as it is stored. object points into the store's reply and is valid until the next call
 * on the same store.
 */
struct stored_response {
	struct span object; /* JSON; or, if foreign, whatever another program wrote */
	bool foreign;       /* has no job of ours: a LiteLLM proxy's */
};

enum { STORED_VERSION_SIZE = 96 };

/* Which state of a response it is: as long as the version is the same, so is the object. */
struct stored_version {
	char text[STORED_VERSION_SIZE]; /* empty if the response is foreign */
	bool terminal;
};

/* version may be of a state before that of the object, never after. */
enum store_result store_poll(struct store *store, const char *id, const char *tenant,
    struct stored_response *out, struct stored_version *version);

/* Only asks for the version, without the object. A foreign response is STORE_NOT_FOUND. */
enum store_result store_version(
    struct store *store, const char *id, const char *tenant, struct stored_version *version);

/*
 * Cancels unless terminal already; *out is the object afterwards. Tells the worker that streams it
 * and the readers of its events. A foreign one is left as it is, for store_replace().
 */
enum store_result store_cancel(
    struct store *store, const char *id, const char *tenant, struct stored_response *out);

/*
 * Puts object in place of old, for ttl seconds, if old is still what is stored. STORE_NOT_FOUND if
 * it was not.
 */
enum store_result store_replace(
    struct store *store, const char *id, struct span old, struct span object, long ttl);

/* Removes the response, its job and its events, and tells as store_cancel() does. */
enum store_result store_delete(struct store *store, const char *id, const char *tenant);

/* What is known of a response that has ended while it waited for a worker: no other will tell. */
struct queued_end {
	struct span model; /* as the client named it */
	struct span request_id;
	long long age_ms;
	long long attempts; /* that were made before it was queued again */
};

/*
 * The one that the last call of store_cancel() or store_delete() has ended; NULL if that was none,
 * or not queued. Spans as those of stored_response.
 */
const struct queued_end *store_queued_end(const struct store *store);

/*
 * Whether the response is one whose events can be followed (event_feed.h). A foreign one is found,
 * and is not streamed.
 */
enum store_result store_follow(
    struct store *store, const char *id, const char *tenant, bool *streamed);

/* The request's input, raw JSON (empty if the request had none or it is not kept). */
enum store_result store_input(
    struct store *store, const char *id, const char *tenant, struct span *input);

/* What a response continues. Spans point into the store's reply, as those of stored_response. */
struct stored_context {
	enum response_status status; /* of the job */
	bool has_input;              /* input and context were kept */
	struct span context, input, object;
	struct span deployment; /* id of the one that answered, or empty */
	struct span follows;    /* id of the provider's response that all this follows, or empty */
};

/* A response to continue. One without a job, another program's, is found and has no input. */
enum store_result store_context(
    struct store *store, const char *id, const char *tenant, struct stored_context *out);

/*
 * What is remembered of a response that a provider keeps. Spans point into the store's reply, as
 * those of stored_response. Another tenant's is STORE_OTHERS; an id that cannot be remembered is
 * STORE_NOT_FOUND without a round trip.
 */
struct native_response {
	struct span deployment; /* its id */
	struct span model;      /* by which the client asked for it */
};

enum store_result store_native(
    struct store *store, const char *id, const char *tenant, struct native_response *out);

enum { STORE_MAKERS_MOST = 8 };

/* Who made an encrypted content. Spans as above. */
struct stored_maker {
	struct span deployment; /* its id */
	struct span model;      /* by which it was asked */
};

/*
 * The maker of the last of these contents that is remembered. There are up to STORE_MAKERS_MOST of
 * them, by their hashes (encrypted_content.h). In a Cluster each takes a round trip, until one is
 * found.
 */
enum store_result store_maker(struct store *store, char hashes[][ENCRYPTED_HASH_SIZE], size_t count,
    struct stored_maker *out);

/* Whether Redis answers; of a Cluster, whether the node does that has the queue. */
enum store_result store_ping(struct store *store);

#endif
