#include "fake_clock.h"

#include "common/base/clock.h"

long long fake_clock_ms = 1000;

double monotonic_seconds(void)
{
	return (double)fake_clock_ms / 1000;
}

long long monotonic_ms(void)
{
	return fake_clock_ms;
}

long long realtime_ms(void)
{
	return fake_clock_ms;
}

struct timeval timeval_of_ms(long long ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}
