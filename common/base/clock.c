#include "clock.h"

#include <time.h>

double monotonic_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long long ms_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

long long monotonic_ms(void)
{
	return ms_of(CLOCK_MONOTONIC);
}

long long realtime_ms(void)
{
	return ms_of(CLOCK_REALTIME);
}

struct timeval timeval_of_ms(long long ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}
