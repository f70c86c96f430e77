#include "metric_table.h"

#include <stdlib.h>

#define METRIC_LINE(id, name, type, labels, bounds, help)                                          \
	[METRIC_##id] = {name, METRIC_##type, labels, bounds, help},
static const struct metric_line lines[METRIC_COUNT] = {METRIC_TABLE(METRIC_LINE)};
#undef METRIC_LINE

const struct metric_line *metric_line(enum metric metric)
{
	return &lines[metric];
}

size_t metric_bucket(enum metric metric, double value, struct span *bound)
{
	struct span bounds = span_of(lines[metric].bounds);
	size_t bucket = 0;

	while (span_split(&bounds, ' ', bound)) {
		if (value <= strtod(bound->p, NULL))
			return bucket;
		bucket++;
	}
	*bound = SPAN("+Inf");
	return bucket;
}
