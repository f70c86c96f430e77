#include "counts.h"

#include <stdlib.h>

#include "common/base/alloc.h"

void counts_add_field(struct counts *counts, struct span field, long long number)
{
	for (size_t i = 0; i < counts->len; i++) {
		if (span_is(field, counts->all[i].field)) {
			counts->all[i].number += number;
			return;
		}
	}
	if (counts->len == counts->cap) {
		counts->cap = counts->cap != 0 ? 2 * counts->cap : 16;
		counts->all = xrealloc(counts->all, counts->cap * sizeof(*counts->all));
	}
	counts->all[counts->len++] = (struct count){xmemdup(field.p, field.len), number};
}

void counts_write_label(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		const char c = value.p[i];

		buf_putc(out, (unsigned char)c < 0x20 || c == 0x7f ? '?' : c);
	}
}

void counts_write_name(struct buf *out, enum metric metric, const char *label, const char *label2)
{
	buf_puts(out, metric_line(metric)->name);
	if (label != NULL) {
		buf_putc(out, COUNTS_SEPARATOR);
		counts_write_label(out, span_of(label));
	}
	if (label2 != NULL) {
		buf_putc(out, COUNTS_SEPARATOR);
		counts_write_label(out, span_of(label2));
	}
}

void counts_add(struct counts *counts, enum metric metric, const char *label, const char *label2,
    long long number)
{
	struct buf field = {0};

	counts_write_name(&field, metric, label, label2);
	counts_add_field(counts, buf_span(&field), number);
	buf_free(&field);
}

void counts_observe(struct counts *counts, enum metric metric, const char *label, double seconds)
{
	struct buf field = {0};
	struct span bound;
	size_t len;

	metric_bucket(metric, seconds, &bound);
	counts_write_name(&field, metric, label, NULL);
	buf_putc(&field, COUNTS_SEPARATOR);
	len = field.len;
	buf_append_span(&field, bound);
	counts_add_field(counts, buf_span(&field), 1);
	field.len = len;
	buf_puts(&field, "sum");
	counts_add_field(counts, buf_span(&field), (long long)(seconds * 1000 + 0.5));
	buf_free(&field);
}

void counts_write(const struct counts *counts, struct buf *out)
{
	for (size_t i = 0; i < counts->len; i++)
		buf_printf(out, "%s\t%lld\n", counts->all[i].field, counts->all[i].number);
}

void counts_take(struct counts *counts, struct buf *out)
{
	counts_write(counts, out);
	counts_clear(counts);
}

void counts_clear(struct counts *counts)
{
	for (size_t i = 0; i < counts->len; i++)
		free(counts->all[i].field);
	free(counts->all);
	*counts = (struct counts){0};
}
