#include "age.h"

#include <stdio.h>
#include <time.h>

#include "common/base/time_unit.h"

#define LONGEST_AGE 1e15

static void write_two(
    char out[AGE_SIZE], long long seconds, int large, char large_name, int small, char small_name)
{
	snprintf(out, AGE_SIZE, "%lld%c%02lld%c", seconds / large, large_name,
	    seconds % large / small, small_name);
}

void age_write(char out[AGE_SIZE], double seconds)
{
	long long whole;

	if (!(seconds > 0))
		seconds = 0;
	else if (seconds > LONGEST_AGE)
		seconds = LONGEST_AGE;
	whole = (long long)seconds;
	if (whole >= DAY_SECONDS)
		write_two(out, whole, DAY_SECONDS, 'd', HOUR_SECONDS, 'h');
	else if (whole >= HOUR_SECONDS)
		write_two(out, whole, HOUR_SECONDS, 'h', MINUTE_SECONDS, 'm');
	else if (whole >= MINUTE_SECONDS)
		write_two(out, whole, MINUTE_SECONDS, 'm', 1, 's');
	else if (whole >= 10 || seconds - (double)whole < 0.1)
		snprintf(out, AGE_SIZE, "%llds", whole);
	else
		snprintf(out, AGE_SIZE, "%lld.%llds", whole,
		    (long long)((seconds - (double)whole) * 10));
}

void moment_write(char out[MOMENT_SIZE], long long seconds)
{
	time_t time = (time_t)seconds;
	struct tm parts;

	if (localtime_r(&time, &parts) == NULL ||
	    strftime(out, MOMENT_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
		snprintf(out, MOMENT_SIZE, "%lld", seconds);
}
