/*
 * Writes of responses that go to Redis together: those of one turn of the event loop, in one call
 * of flush.lua. In a Cluster each is a call of its own, as its keys are in a slot of their own.
 */
#ifndef RESPOOL_WRITE_BATCH_H
#define RESPOOL_WRITE_BATCH_H

#include <stdbool.h>

#include <event2/event.h>

#include "common/base/buf.h"
#include "jobs.h"
#include "keys.h"
#include "redis_client.h"

struct write_batch;

/* What a write says, as flush.lua takes it. Nothing is kept of it after the call. */
struct write_text {
	const struct response_keys *keys;
	bool streamed;
	bool keeps_request;    /* for another try */
	struct span head;      /* the line that it begins with */
	struct span arguments; /* in the form in which Redis gets them */
	int argument_count;
};

/* commands is not copied. */
struct write_batch *write_batch_new(struct event_base *base, struct redis_client *commands);
/* Writes that have not been sent are reported as WRITE_UNKNOWN. NULL is allowed. */
void write_batch_free(struct write_batch *batch);

/*
 * Adds a write, whose done() will be called once. It goes out when the loop has done what is due
 * now, or at once if a lot has come together. False if Redis is away: nothing is added then.
 */
bool write_batch_add(
    struct write_batch *batch, struct response_write *write, const struct write_text *text);

/* Sends what has been added, for a command that must not overtake it. */
void write_batch_send(struct write_batch *batch);

#endif
