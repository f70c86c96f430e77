/*
 * What of a stream of events that passes only its maker can read: the encrypted_content of items
 * that are done. The stream is not held, and no other event is taken apart.
 */
#ifndef RESPOOL_SEALED_EVENTS_H
#define RESPOOL_SEALED_EVENTS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/sse.h"

/* content is a JSON string as it is spelled, valid during the call only. */
typedef void sealed_event_fn(void *ctx, struct span content);

struct sealed_events {
	bool open;
	sealed_event_fn *found;
	void *ctx;
	struct sse_parser sse;
};

/* *events cannot be moved while it is open. */
void sealed_events_open(struct sealed_events *events, sealed_event_fn *found, void *ctx);
/* These bytes pass. Does nothing unless it is open. */
void sealed_events_note(struct sealed_events *events, struct span bytes);
/* A zeroed one may be closed, and one that is closed. */
void sealed_events_close(struct sealed_events *events);

#endif
