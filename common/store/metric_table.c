#include "metric_table.h"

#define METRIC_LINE(id, name, type, labels, bounds, help)                                          \
	[METRIC_##id] = {name, METRIC_##type, labels, bounds, help},
static const struct metric_line lines[METRIC_COUNT] = {METRIC_TABLE(METRIC_LINE)};
#undef METRIC_LINE

const struct metric_line *metric_line(enum metric metric)
{
	return &lines[metric];
}
