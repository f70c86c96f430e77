/* One line of Prometheus' text format: a name, labels and a value. */
#ifndef RESPOOL_SAMPLE_H
#define RESPOOL_SAMPLE_H

#include "common/base/buf.h"

enum { SAMPLE_LABELS_MOST = 3 };

struct sample {
	const char *name;
	const char *suffix; /* behind the name; or NULL */
	size_t count;       /* of labels */
	struct {
		struct span name, value;
	} labels[SAMPLE_LABELS_MOST];
};

/* Adds a label. Nothing is copied. */
void sample_label(struct sample *sample, const char *name, struct span value);
/* Appends the line, with the value in as many digits as it takes. */
void sample_write(struct buf *out, const struct sample *sample, double value);

#endif
