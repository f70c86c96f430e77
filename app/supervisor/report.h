/* What a worker tells the log at SIGUSR2: what it is at. */
#ifndef RESPOOL_REPORT_H
#define RESPOOL_REPORT_H

#include <stdbool.h>

#include "stream_table.h"

struct worker_facts {
	const char *state; /* a word */
	int most_streams;
	bool leased;
	int webhooks; /* under way */
};

/* A line about the worker, and one about each stream, of a thousand at most. */
void report_worker(const struct worker_facts *facts, const struct stream_table *streams);

#endif
