/*
 * What a relay has to know of a stream of events that passes: where it is in its lines, whether its
 * last event has gone by, and what number another event would have. The stream itself is not held.
 */
#ifndef RESPOOL_EVENT_LINES_H
#define RESPOOL_EVENT_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

enum { EVENT_LINE_MAX = 56 };

struct event_lines {
	bool complete;             /* the last event of a response has passed, or "[DONE]" */
	bool in_event;             /* not after a blank line */
	long long next;            /* sequence_number of an event that would follow */
	bool last_event;           /* the open event is the last one */
	char line[EVENT_LINE_MAX]; /* how the open line begins */
	size_t line_len;           /* of that */
};

/* These bytes pass. A zeroed struct is at the beginning of a stream. */
void event_lines_note(struct event_lines *lines, struct span bytes);

/* Whether an event can be put in here. */
bool event_lines_between_events(const struct event_lines *lines);

#endif
