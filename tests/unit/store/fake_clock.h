/* A clock that stands still unless a test moves it, in place of common/base/clock.c. */
#ifndef RESPOOL_FAKE_CLOCK_H
#define RESPOOL_FAKE_CLOCK_H

/* What monotonic_ms() says, and realtime_ms(): ms. */
extern long long fake_clock_ms;

#endif
