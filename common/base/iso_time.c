#include "iso_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "time_unit.h"

/* What is left to be read. */
struct reader {
	const char *p;
};

static bool take(struct reader *reader, const char *any_of)
{
	if (reader->p[0] == '\0' || strchr(any_of, reader->p[0]) == NULL)
		return false;
	reader->p++;
	return true;
}

static bool take_number(struct reader *reader, int digits, int min, int max, int *out)
{
	int number = 0;

	for (int i = 0; i < digits; i++) {
		if (reader->p[i] < '0' || reader->p[i] > '9')
			return false;
		number = number * 10 + reader->p[i] - '0';
	}
	reader->p += digits;
	*out = number;
	return number >= min && number <= max;
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const bool leaps = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leaps ? 29 : days[month - 1];
}

static bool take_date(struct reader *reader, struct tm *date)
{
	int year, month;

	if (!take_number(reader, 4, 1970, 9999, &year) || !take(reader, "-") ||
	    !take_number(reader, 2, 1, 12, &month) || !take(reader, "-") ||
	    !take_number(reader, 2, 1, days_of(year, month), &date->tm_mday))
		return false;
	date->tm_year = year - 1900;
	date->tm_mon = month - 1;
	return true;
}

static bool take_fraction(struct reader *reader)
{
	size_t len;

	if (!take(reader, ".,"))
		return true;
	len = strspn(reader->p, "0123456789");
	reader->p += len;
	return len != 0;
}

/* A second may be the 60th, where one was put in. */
static bool take_time(struct reader *reader, struct tm *time)
{
	if (!take_number(reader, 2, 0, 23, &time->tm_hour) || !take(reader, ":") ||
	    !take_number(reader, 2, 0, 59, &time->tm_min))
		return false;
	if (!take(reader, ":"))
		return true;
	return take_number(reader, 2, 0, 60, &time->tm_sec) && take_fraction(reader);
}

/* "Z", "+05:30", "+0530", "+05" or nothing, in seconds. */
static bool take_offset(struct reader *reader, int *offset)
{
	const int sign = reader->p[0] == '-' ? -1 : 1;
	int hours, minutes = 0;

	*offset = 0;
	if (reader->p[0] == '\0' || take(reader, "Zz"))
		return true;
	if (!take(reader, "+-") || !take_number(reader, 2, 0, 23, &hours))
		return false;
	if ((take(reader, ":") || reader->p[0] != '\0') && !take_number(reader, 2, 0, 59, &minutes))
		return false;
	*offset = sign * (hours * HOUR_SECONDS + minutes * MINUTE_SECONDS);
	return true;
}

bool iso_time_end(const char *text, long long *out)
{
	struct reader reader = {text};
	struct tm parts = {0};
	int offset;

	if (!take_date(&reader, &parts))
		return false;
	if (reader.p[0] == '\0') {
		*out = (long long)timegm(&parts) + DAY_SECONDS;
		return true;
	}
	if (!take(&reader, "Tt ") || !take_time(&reader, &parts) || !take_offset(&reader, &offset))
		return false;
	*out = (long long)timegm(&parts) - offset;
	return reader.p[0] == '\0';
}

void iso_time_write(char out[ISO_TIME_SIZE], long long seconds)
{
	time_t time = (time_t)seconds;
	struct tm parts;

	if (gmtime_r(&time, &parts) == NULL ||
	    strftime(out, ISO_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(out, ISO_TIME_SIZE, "%lld", seconds);
}

void iso_day_write(char out[ISO_DAY_SIZE], time_t moment)
{
	struct tm parts;

	if (gmtime_r(&moment, &parts) == NULL ||
	    strftime(out, ISO_DAY_SIZE, "%Y-%m-%d", &parts) == 0)
		out[0] = '\0';
}
