/* Units of time. */
#ifndef RESPOOL_TIME_UNIT_H
#define RESPOOL_TIME_UNIT_H

/* In s. */
enum { MINUTE_SECONDS = 60, HOUR_SECONDS = 60 * MINUTE_SECONDS, DAY_SECONDS = 24 * HOUR_SECONDS };

/* How many s there are in an "s", "m", "h", "d" or "w"; 0 if it is none of these. */
long unit_seconds(const char *unit);

#endif
