#include "usage_query.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/iso_time.h"
#include "common/base/time_unit.h"

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

	if (strlen(text) != ISO_DAY_SIZE - 1 || !iso_time_end(text, &end))
		return false;
	*out = (time_t)end - DAY_SECONDS;
	return true;
}

/* What is longer ago than anything is kept may be any time. */
static bool read_age(time_t *out, const char *text, time_t now)
{
	enum { MOST_DIGITS = 10 };
	const size_t digits = strspn(text, "0123456789");
	const char *named = text + digits;
	const long unit = named[0] != '\0' ? unit_seconds(named) : 1;

	if (digits == 0 || digits > MOST_DIGITS || unit == 0)
		return false;
	*out = now - (time_t)strtoll(text, NULL, 10) * unit;
	return true;
}

bool usage_since_read(time_t *since, const char *text, time_t now)
{
	return read_day(since, text) || read_age(since, text, now);
}
