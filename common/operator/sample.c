#include "sample.h"

void sample_label(struct sample *sample, const char *name, struct span value)
{
	sample->labels[sample->count].name = span_of(name);
	sample->labels[sample->count++].value = value;
}

static void write_value(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\n') {
			buf_puts(out, "\\n");
			continue;
		}
		if (value.p[i] == '\\' || value.p[i] == '"')
			buf_putc(out, '\\');
		buf_putc(out, value.p[i]);
	}
}

static void write_labels(struct buf *out, const struct sample *sample)
{
	for (size_t i = 0; i < sample->count; i++) {
		buf_putc(out, i == 0 ? '{' : ',');
		buf_append_span(out, sample->labels[i].name);
		buf_puts(out, "=\"");
		write_value(out, sample->labels[i].value);
		buf_putc(out, '"');
	}
	if (sample->count > 0)
		buf_putc(out, '}');
}

void sample_write(struct buf *out, const struct sample *sample, double value)
{
	buf_puts(out, sample->name);
	if (sample->suffix != NULL)
		buf_puts(out, sample->suffix);
	write_labels(out, sample);
	buf_printf(out, " %.15g\n", value);
}
