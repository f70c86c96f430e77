/* Dates and times as ISO 8601 and RFC 3339 write them. */
#ifndef RESPOOL_ISO_TIME_H
#define RESPOOL_ISO_TIME_H

#include <stdbool.h>
#include <time.h>

/*
 * The UNIX time (s) at which a day or a moment is over: of a date, "2026-12-31", that is 00:00 UTC
 * of the next day; of a time, "2026-12-31T23:59:59.5Z" or "2026-12-31 18:59:59-05:00", itself
 * without its fraction. A time without an offset is in UTC, as YAML has it. False if text is
 * neither, or no such day or time exists.
 */
bool iso_time_end(const char *text, long long *out);

enum { ISO_TIME_SIZE = 24 };

/* "2026-12-31T23:59:59Z" of a UNIX time from 1970 to 9999. */
void iso_time_write(char out[ISO_TIME_SIZE], long long seconds);

enum { ISO_DAY_SIZE = sizeof("2026-12-31") };

/* "2026-12-31": the day (UTC) of a UNIX time, likewise; "" of any other. */
void iso_day_write(char out[ISO_DAY_SIZE], time_t moment);

#endif
