#include "times.h"

#include <stdlib.h>

void times_add(struct times *times, double us)
{
	if (times->count == times->cap) {
		times->cap = times->cap > 0 ? 2 * times->cap : 1024;
		times->us = realloc(times->us, times->cap * sizeof(*times->us));
		if (times->us == NULL)
			abort();
	}
	times->us[times->count++] = us;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double times_median(struct times *times)
{
	size_t middle = times->count / 2;

	qsort(times->us, times->count, sizeof(*times->us), by_size);
	if (times->count % 2 == 1)
		return times->us[middle];
	return (times->us[middle - 1] + times->us[middle]) / 2;
}
