/* Which part of what was used somebody asks for, and how it is to be summed up. */
#ifndef RESPOOL_USAGE_QUERY_H
#define RESPOOL_USAGE_QUERY_H

#include <stdbool.h>
#include <time.h>

enum usage_by { USAGE_BY_ALL, USAGE_BY_TENANT, USAGE_BY_MODEL, USAGE_BY_DAY };

/* What the two are to be, for those who have said something else. */
#define USAGE_BY_EXPECTED    "tenant, model or day"
#define USAGE_SINCE_EXPECTED "a day, as 2026-11-01, or how long ago, as 30d, 12h or 3600 (seconds)"

enum { USAGE_DEFAULT_SECONDS = 30 * 24 * 60 * 60 }; /* ago, where nobody says since when */

struct usage_query {
	enum usage_by by;
	time_t since;       /* the day (UTC) of that is the first */
	time_t now;         /* likewise the last */
	const char *tenant; /* NULL for any */
	const char *model;  /* as clients name it, or its model_label(); NULL for any */
};

/* False, and *by stays, if the text is no name of one. */
bool usage_by_read(enum usage_by *by, const char *text);

/*
 * Reads a day (UTC), or an age: a number and s, m, h, d or w, which is s if there is none. False,
 * and *since stays, if the text is neither.
 */
bool usage_since_read(time_t *since, const char *text, time_t now);

#endif
