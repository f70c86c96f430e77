/* Counters and histograms (counts.h) as samples of Prometheus' text format. */
#ifndef RESPOOL_METRICS_COUNTED_H
#define RESPOOL_METRICS_COUNTED_H

#include "common/base/buf.h"
#include "common/store/counts.h"

/* The counts in the order of their names. They must outlive it. */
struct counted {
	const struct count **sorted;
	size_t len;
};

void counted_open(struct counted *counted, const struct counts *counts);
void counted_close(struct counted *counted);

/*
 * Appends all samples of a counter or a histogram. One that has no labels, and each outcome of
 * webhooks' deliveries, is there also if nothing was counted. What has not the labels that the
 * table knows is left out: another version's.
 */
void counted_write(struct buf *out, const struct counted *counted, enum metric metric);

#endif
