/*
 * Connections that a web server has kept after an answer of the relay's. Closing one could lose the
 * request that is on its way on it, so each stays until the web server closes it, or goes back to a
 * responder when a request is there.
 */
#ifndef RESPOOL_KEPT_H
#define RESPOOL_KEPT_H

#include <sys/queue.h>

#include <event2/event.h>

#include "common/base/buf.h"

TAILQ_HEAD(kept_list, kept_connection);

struct kept {
	struct event_base *base;
	int to_responders; /* the way back (relay_lines.h) */
	int most; /* connections, if not 0: above it the one that is quiet longest is closed */
	int count;
	struct kept_list list;
};

void kept_open(struct kept *kept, struct event_base *base, int to_responders);
/* Closes them all. */
void kept_close(struct kept *kept);

/* Takes the connection. unread is what has been read from it already, the next request's. */
void kept_add(struct kept *kept, int fd, struct span unread);

#endif
