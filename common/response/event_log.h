/*
 * The events of a streamed response that have yet to be stored: each whole, as a stream has it
 * (event.h), and numbered from where those before them end.
 */
#ifndef RESPOOL_EVENT_LOG_H
#define RESPOOL_EVENT_LOG_H

#include <stddef.h>

#include "common/base/buf.h"

/* Zeroed it is empty, and begins with the number 0. */
struct event_log {
	long long first;          /* the sequence number of the first one that is kept here */
	unsigned long long bytes; /* of all that were ever added, those before the first included */

	/* The rest is event_log.c's: the events one behind the other, and where each ends. */
	struct buf text;
	size_t *ends;
	size_t count, cap;
};

/* Empties a log that goes on where events of so many bytes together have ended. */
void event_log_open(struct event_log *log, long long next, unsigned long long bytes);
void event_log_close(struct event_log *log);

/* The number of the next event. */
long long event_log_next(const struct event_log *log);
size_t event_log_count(const struct event_log *log);

/* Where the next event is to be appended, and nothing else; event_log_added() then takes it in. */
struct buf *event_log_room(struct event_log *log);
void event_log_added(struct event_log *log);

/* The i-th of those that are kept. Valid until the next change. */
struct span event_log_at(const struct event_log *log, size_t i);
/*
 * How many of those from the front are to be stored at once: EVENT_LOG_BATCH bytes of them, and at
 * least one if there is any. All of a large answer's would be more than Redis takes as one string.
 */
size_t event_log_batch(const struct event_log *log);
enum { EVENT_LOG_BATCH = 16 << 20 };

/* Forgets so many from the front: they are stored. */
void event_log_drop(struct event_log *log, size_t count);

#endif
