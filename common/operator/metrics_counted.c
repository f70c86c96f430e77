#include "metrics_counted.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/webhooks.h"
#include "sample.h"

enum { BUCKETS_MOST = 32 };

/* What was observed of one value of the label, or of all if the metric has none. */
struct histogram {
	struct span label;
	long long buckets[BUCKETS_MOST]; /* not cumulative; the one after the last bound is +Inf */
	long long sum_ms;
};

static int compare(const void *a, const void *b)
{
	const struct count *const *left = a, *const *right = b;

	return strcmp((*left)->field, (*right)->field);
}

void counted_open(struct counted *counted, const struct counts *counts)
{
	counted->len = counts->len;
	counted->sorted = xcalloc(counts->len + 1, sizeof(*counted->sorted));
	for (size_t i = 0; i < counts->len; i++)
		counted->sorted[i] = &counts->all[i];
	qsort(counted->sorted, counted->len, sizeof(*counted->sorted), compare);
}

void counted_close(struct counted *counted)
{
	free(counted->sorted);
}

/*
 * The values behind the metric's name, as many as there may be. Returns how many there are; -1 if
 * the field is another metric's.
 */
static int read_values(
    const struct count *count, enum metric metric, struct span values[SAMPLE_LABELS_MOST])
{
	struct span rest = span_of(count->field), name;
	bool more = span_split(&rest, COUNTS_SEPARATOR, &name);
	int found = 0;

	if (!span_is(name, metric_line(metric)->name))
		return -1;
	while (more && found < SAMPLE_LABELS_MOST)
		more = span_split(&rest, COUNTS_SEPARATOR, &values[found++]);
	return more ? SAMPLE_LABELS_MOST + 1 : found;
}

static int count_labels(enum metric metric)
{
	const char *labels = metric_line(metric)->labels;
	int count = labels[0] != '\0';

	for (; *labels != '\0'; labels++)
		count += *labels == ',';
	return count;
}

static void write_counter(
    struct buf *out, enum metric metric, const struct span *values, long long number)
{
	const struct metric_line *line = metric_line(metric);
	struct span names = span_of(line->labels);
	struct sample sample = {.name = line->name};

	while (names.len != 0) {
		span_split(&names, ',', &sample.labels[sample.count].name);
		sample.labels[sample.count].value = values[sample.count];
		sample.count++;
	}
	sample_write(out, &sample, (double)number);
}

static bool is_counted(const struct counted *counted, enum metric metric, struct span label)
{
	struct span values[SAMPLE_LABELS_MOST] = {{0}};

	for (size_t i = 0; i < counted->len; i++) {
		if (read_values(counted->sorted[i], metric, values) == 1 &&
		    span_eq(values[0], label))
			return true;
	}
	return false;
}

/* Prometheus sees no increase in a counter that appears: the first loss would raise no alert. */
static void write_other_outcomes(struct buf *out, const struct counted *counted)
{
	static const enum webhook_outcome outcomes[] = {
	    WEBHOOK_DELIVERED, WEBHOOK_TRY_FAILED, WEBHOOK_DEAD, WEBHOOK_DROPPED};

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		const struct span label = span_of(webhook_outcome_word(outcomes[i]));

		if (!is_counted(counted, METRIC_WEBHOOK_DELIVERIES, label))
			write_counter(out, METRIC_WEBHOOK_DELIVERIES, &label, 0);
	}
}

static void write_counters(struct buf *out, const struct counted *counted, enum metric metric)
{
	struct span values[SAMPLE_LABELS_MOST] = {{0}};
	int labels = count_labels(metric);
	bool written = labels > 0;

	for (size_t i = 0; i < counted->len; i++) {
		if (read_values(counted->sorted[i], metric, values) != labels)
			continue;
		write_counter(out, metric, values, counted->sorted[i]->number);
		written = true;
	}
	if (!written)
		write_counter(out, metric, values, 0);
	if (metric == METRIC_WEBHOOK_DELIVERIES)
		write_other_outcomes(out, counted);
}

/* The bound of a bucket may be one that another version had. */
static void add(struct histogram *histogram, enum metric metric, struct span what, long long number)
{
	struct span bound;

	if (span_is(what, "sum"))
		histogram->sum_ms += number;
	else
		histogram->buckets[metric_bucket(metric, strtod(what.p, NULL), &bound)] += number;
}

static void write_bucket(struct buf *out, struct sample sample, struct span bound, long long number)
{
	sample.suffix = "_bucket";
	sample_label(&sample, "le", bound);
	sample_write(out, &sample, (double)number);
}

static void write_histogram(
    struct buf *out, const struct metric_line *line, const struct histogram *histogram)
{
	struct sample sample = {.name = line->name};
	struct span bounds = span_of(line->bounds);
	const long long *bucket = histogram->buckets;
	struct span bound;
	long long total = 0;

	if (line->labels[0] != '\0')
		sample_label(&sample, line->labels, histogram->label);
	while (span_split(&bounds, ' ', &bound)) {
		total += *bucket++;
		write_bucket(out, sample, bound, total);
	}
	total += *bucket;
	write_bucket(out, sample, SPAN("+Inf"), total);
	sample.suffix = "_sum";
	sample_write(out, &sample, (double)histogram->sum_ms / 1000);
	sample.suffix = "_count";
	sample_write(out, &sample, (double)total);
}

/* The fields of one value of the label stand together. */
static void write_histograms(struct buf *out, const struct counted *counted, enum metric metric)
{
	const struct metric_line *line = metric_line(metric);
	struct histogram histogram = {0};
	int labels = count_labels(metric);
	bool begun = labels == 0;

	for (size_t i = 0; i < counted->len; i++) {
		struct span values[SAMPLE_LABELS_MOST];

		if (read_values(counted->sorted[i], metric, values) != labels + 1)
			continue;
		if (labels > 0 && begun && !span_eq(values[0], histogram.label)) {
			write_histogram(out, line, &histogram);
			histogram = (struct histogram){0};
		}
		begun = true;
		histogram.label = labels > 0 ? values[0] : (struct span){0};
		add(&histogram, metric, values[labels], counted->sorted[i]->number);
	}
	if (begun)
		write_histogram(out, line, &histogram);
}

void counted_write(struct buf *out, const struct counted *counted, enum metric metric)
{
	if (metric_line(metric)->type == METRIC_HISTOGRAM)
		write_histograms(out, counted, metric);
	else
		write_counters(out, counted, metric);
}
