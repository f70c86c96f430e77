/*
 * Numbers that are to be added to the installation's counters, gathered by a process until it tells
 * Redis. A counter's name in Redis, a field of the hash of counters, is the metric's name and the
 * values of its labels, with the byte 31 (unit separator) before each. A histogram has a field for
 * each bucket, which is not cumulative, with the bucket's bound behind a further separator ("0.5",
 * "+Inf"), and one for the sum in milliseconds ("sum").
 */
#ifndef RESPOOL_COUNTS_H
#define RESPOOL_COUNTS_H

#include <stddef.h>

#include "common/base/buf.h"
#include "metric_table.h"

#define COUNTS_SEPARATOR '\x1f'

struct count {
	char *field;
	long long number;
};

/* A zeroed one is empty. */
struct counts {
	struct count *all;
	size_t len, cap;
};

/*
 * Adds number to a counter. Labels are NULL where the metric has none; of a value, control
 * characters become '?'.
 */
void counts_add(struct counts *counts, enum metric metric, const char *label, const char *label2,
    long long number);
/* Appends the name of a counter in Redis, with these labels. */
void counts_write_name(struct buf *out, enum metric metric, const char *label, const char *label2);
/* Appends a label's value as it is in such a name. */
void counts_write_label(struct buf *out, struct span value);
/* Adds an observation to a histogram; label is NULL if it has none. */
void counts_observe(struct counts *counts, enum metric metric, const char *label, double seconds);
/* Adds number to the counter of that name. */
void counts_add_field(struct counts *counts, struct span field, long long number);

/*
 * Appends them as scripts take them: of each the field, a tab, the number and a line's end. Fields
 * hold neither.
 */
void counts_write(const struct counts *counts, struct buf *out);
/* Appends them likewise, and nothing is in it afterwards. */
void counts_take(struct counts *counts, struct buf *out);
/* Nothing is in it afterwards. */
void counts_clear(struct counts *counts);

#endif
