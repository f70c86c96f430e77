/* How long something takes or has lasted, for people. */
#ifndef RESPOOL_AGE_H
#define RESPOOL_AGE_H

enum { AGE_SIZE = 24 };

/* "0.4s", "12s", "3m12s", "2h05m", "4d03h": s, of which a fraction is told below 10. */
void age_write(char out[AGE_SIZE], double seconds);

enum { MOMENT_SIZE = 32 };

/* "2026-11-29 17:05:31", local time, of a UNIX time in s. */
void moment_write(char out[MOMENT_SIZE], long long seconds);

#endif
