/*
 * What flush.lua, cancel.lua and delete.lua tell the readers of a response's events. A line says it
 * all, "<first> <count>", "<first> <count> ended" or "gone", and so many events stand behind it; or
 * none of them, if they are to be read.
 */
#ifndef RESPOOL_EVENT_MESSAGE_H
#define RESPOOL_EVENT_MESSAGE_H

#include <stdbool.h>

#include "common/base/buf.h"

struct event_message {
	long long first, count; /* of the events; count is 0 if there are none here */
	struct span events;
	bool look; /* what has changed shows when the response is read */
};

/* The parts of a message, which out points into. One that cannot be understood is a reason to look.
 */
void event_message_read(struct event_message *out, struct span message);

#endif
