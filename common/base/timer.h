/* Timers of libevent. */
#ifndef RESPOOL_TIMER_H
#define RESPOOL_TIMER_H

#include <event2/event.h>

/* The timer goes off in so many ms, which are not negative, and not when it was to before. */
void timer_set(struct event *timer, long long ms);

#endif
