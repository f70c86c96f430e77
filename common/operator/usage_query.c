#include "usage_query.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/iso_time.h"

enum { DAY = 24 * 60 * 60 }; /* s */

bool usage_by_read(enum usage_by *by, const char *text)
{
	static const char *const names[] = {
	    [USAGE_BY_TENANT] = "tenant", [USAGE_BY_MODEL] = "model", [USAGE_BY_DAY] = "day"};

	for (int i = USAGE_BY_TENANT; i <= USAGE_BY_DAY; i++) {
		if (strcmp(text, names[i]) == 0) {
			*by = (enum usage_by)i;
			return true;
		}
	}
	return false;
}

/* A day alone, and no time of it. */
static bool read_day(time_t *out, const char *text)
{
	long long end;

	if (strlen(text) != sizeof("2026-11-01") - 1 || !iso_time_end(text, &end))
		return false;
	*out = (time_t)end - DAY;
	return true;
}

/* Of the unit behind the number; 0 if it is none. */
static long seconds_of(const char *unit)
{
	if (unit[0] == '\0')
		return 1;
	if (unit[1] != '\0')
		return 0;
	switch (unit[0]) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return DAY;
	case 'w':
		return 7 * DAY;
	default:
		return 0;
	}
}

/* What is longer ago than anything is kept may be any time. */
static bool read_age(time_t *out, const char *text, time_t now)
{
	enum { MOST_DIGITS = 10 };
	const size_t digits = strspn(text, "0123456789");
	const long unit = seconds_of(text + digits);

	if (digits == 0 || digits > MOST_DIGITS || unit == 0)
		return false;
	*out = now - (time_t)strtoll(text, NULL, 10) * unit;
	return true;
}

bool usage_since_read(time_t *since, const char *text, time_t now)
{
	return read_day(since, text) || read_age(since, text, now);
}
