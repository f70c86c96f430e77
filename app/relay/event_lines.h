/*
 * What a relay has to know of a stream of events that passes: where it is in its lines, whether its
 * last event has gone by, and what number another event would have. The stream itself is not held.
 */
#ifndef RESPOOL_EVENT_LINES_H
#define RESPOOL_EVENT_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

enum { EVENT_LINE_HEAD = 128, EVENT_LINE_TAIL = 64 };

struct event_lines {
	bool complete;   /* the last event of a response has passed, or "[DONE]" */
	bool in_event;   /* not after a blank line */
	bool last_event; /* the open event is the last one */
	bool typed;      /* a line has told the open event's type */
	bool has_data;   /* the open event has some */
	bool is_sign;    /* it is one, its type says */
	bool eventful;   /* an event with data has passed that is no mere sign of life */
	long long events;
	const char *status; /* that the last event tells, or NULL: static */
	/* How the open line begins and ends, or else the last one that was not blank. */
	char head[EVENT_LINE_HEAD], tail[EVENT_LINE_TAIL];
	size_t head_len, tail_len;
	size_t line_len; /* of the open line; 0 behind its end */
	bool after_cr;   /* the open line has "\r" alone so far, which is not in head */
	/*
	 * The owner's to set: is told of the bytes of each line that is not blank, in one piece or
	 * in several, of which the last one ends it. NULL if nobody wants to know.
	 */
	void (*on_line)(void *ctx, struct span piece, bool ends);
	void *ctx;
};

/* These bytes pass. A zeroed struct is at the beginning of a stream. */
void event_lines_note(struct event_lines *lines, struct span bytes);

/* Whether an event can be put in here. */
bool event_lines_between_events(const struct event_lines *lines);

/*
 * The sequence_number of an event that is put in here: one more than the last event has in how its
 * data begins or ends, else as many as there were events.
 */
long long event_lines_next_number(const struct event_lines *lines);

#endif
