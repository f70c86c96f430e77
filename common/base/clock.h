/* Clocks, and their units. */
#ifndef RESPOOL_CLOCK_H
#define RESPOOL_CLOCK_H

#include <sys/time.h>

/*
 * The monotonic clock (CLOCK_MONOTONIC), which no change of the time of day moves.
 */
/* s */
double monotonic_seconds(void);
/* ms */
long long monotonic_ms(void);

/* The time of day: UNIX time in ms. */
long long realtime_ms(void);

/* So many ms, which are not negative, as timers take them. */
struct timeval timeval_of_ms(long long ms);

#endif
