#include "usage_query.h"

#include <stdlib.h>
#include <string.h>

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

static bool looks_as(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; pattern++, text++) {
		if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
			return false;
	}
	return *text == '\0';
}

/* There is no 30th of February: timegm() takes it for another day. */
static bool read_day(time_t *out, const char *text)
{
	struct tm date = {0}, found;
	time_t day;

	if (!looks_as(text, "0000-00-00"))
		return false;
	date.tm_year = (int)strtol(text, NULL, 10) - 1900;
	date.tm_mon = (int)strtol(text + 5, NULL, 10) - 1;
	date.tm_mday = (int)strtol(text + 8, NULL, 10);
	found = date;
	day = timegm(&found);
	if (found.tm_year != date.tm_year || found.tm_mon != date.tm_mon ||
	    found.tm_mday != date.tm_mday)
		return false;
	*out = day;
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
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
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
