/*
 * The lines between responders and relays, made before either is forked: to each relay one on which
 * any responder hands over requests (handover.h), and from all relays one on which connections come
 * back to any responder. The process that made them keeps all ends open, so that what is on a line
 * outlives whoever was to take it.
 */
#ifndef RESPOOL_RELAY_LINES_H
#define RESPOOL_RELAY_LINES_H

#include <stdbool.h>

struct relay_line {
	int to_relay;        /* the responders' end */
	int from_responders; /* the relay's end */
};

struct relay_lines {
	int count;
	struct relay_line *lines; /* by relay */
	int to_responders;        /* the relays' end of the way back */
	int from_relays;          /* the responders' end */
	/* How many answers each relay has open; shared by all processes. */
	volatile int *open;
	int turn; /* where the next choice begins */
};

/* False, after logging why, if they cannot be made. */
bool relay_lines_open(struct relay_lines *lines, int count);
void relay_lines_close(struct relay_lines *lines);

/*
 * In a relay: closes what is the others', so that the end of all responders and of their parent is
 * seen on its line, and begins with no answers.
 */
void relay_lines_be_relay(struct relay_lines *lines, int relay);

/* In a responder: closes the relays' ends, if the parent keeps them. */
void relay_lines_be_responder(struct relay_lines *lines);

/* The relay that has least to do; among equal ones the choice goes round. */
int relay_lines_choose(struct relay_lines *lines);

#endif
