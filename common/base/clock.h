/* The monotonic clock (CLOCK_MONOTONIC), which no change of the time of day moves. */
#ifndef RESPOOL_CLOCK_H
#define RESPOOL_CLOCK_H

/* s */
double monotonic_seconds(void);
/* ms */
long long monotonic_ms(void);

#endif
