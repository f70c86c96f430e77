/*
 * Idempotency-Key on a background create: who sends the same request with the same key again gets
 * the response that there is.
 */
#ifndef RESPOOL_IDEMPOTENT_H
#define RESPOOL_IDEMPOTENT_H

#include <stdbool.h>

#include "common/base/digest.h"
#include "common/response/response_id.h"
#include "common/store/store.h"
#include "handlers.h"

/* A request's key, as digests alone: what a client calls its requests is nobody else's business. */
struct idempotent {
	bool given;
	char key[DIGEST_SIZE];    /* of the tenant and its key */
	char digest[DIGEST_SIZE]; /* of the body, to the letter */
	char found[RESPONSE_ID_SIZE];
};

/*
 * Takes the key that the request in handlers has, if it has one. False if it is none, of which
 * *error tells (400).
 */
bool idempotent_take(
    const struct handlers *handlers, struct idempotent *idempotent, struct api_error *error);

/*
 * Stores the job, as store_create() does. Where the key stands for a response already, the client
 * has that as its answer and false is returned; false as well, with an answer why, where there is
 * none. *idempotent is in use by *job until then.
 */
bool idempotent_create(
    struct handlers *handlers, struct idempotent *idempotent, struct new_job *job);

#endif
