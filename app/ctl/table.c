#include "table.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "shown_text.h"

enum { GAP = 2, NARROWEST = 4 };

struct table {
	const struct column *columns;
	size_t column_count;
	struct buf *cells; /* row by row; the first are the titles */
	size_t cell_count;
	size_t *widths;
};

static void add_cell(struct table *table, const char *text)
{
	const size_t column = table->cell_count % table->column_count;
	struct buf cell = {0};
	size_t width;

	shown_line(&cell, span_of(text != NULL && text[0] != '\0' ? text : "-"));
	width = shown_width(buf_span(&cell));
	if (width > table->widths[column])
		table->widths[column] = width;
	table->cells = xrealloc(table->cells, (table->cell_count + 1) * sizeof(*table->cells));
	table->cells[table->cell_count++] = cell;
}

struct table *table_new(const struct column *columns, size_t count)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->columns = columns;
	table->column_count = count;
	table->widths = xcalloc(count, sizeof(*table->widths));
	for (size_t i = 0; i < count; i++)
		add_cell(table, columns[i].title);
	return table;
}

void table_add(struct table *table, const char *const *cells)
{
	for (size_t i = 0; i < table->column_count; i++)
		add_cell(table, cells[i]);
}

static size_t whole_width(const struct table *table, const size_t *widths)
{
	size_t width = (table->column_count - 1) * GAP;

	for (size_t i = 0; i < table->column_count; i++)
		width += widths[i];
	return width;
}

/* The widest of the columns that may be cut, or NULL if none can be any more. */
static size_t *widest_free(const struct table *table, size_t *widths)
{
	size_t *widest = NULL;

	for (size_t i = 0; i < table->column_count; i++) {
		if (table->columns[i].free && widths[i] > NARROWEST &&
		    (widest == NULL || widths[i] > *widest))
			widest = &widths[i];
	}
	return widest;
}

static void fit(const struct table *table, size_t *widths, size_t width)
{
	size_t *widest;

	while (whole_width(table, widths) > width && (widest = widest_free(table, widths)) != NULL)
		--*widest;
}

static void write_blanks(FILE *out, size_t count)
{
	fprintf(out, "%*s", (int)count, "");
}

/* The cell's text in so many columns; none is filled up at the end of a line. */
static void write_cell(FILE *out, struct span text, size_t width, bool right, bool last)
{
	size_t used = shown_width(text);

	if (used > width) {
		text.len = shown_fitting(text, width - 1);
		used = shown_width(text) + 1;
		fprintf(out, "%.*s\xe2\x80\xa6", (int)text.len, text.p);
		right = false;
	} else {
		if (right)
			write_blanks(out, width - used);
		fwrite(text.p, 1, text.len, out);
	}
	if (!last)
		write_blanks(out, (right ? 0 : width - used) + GAP);
}

static void write_rows(const struct table *table, FILE *out, const size_t *widths)
{
	for (size_t i = 0; i < table->cell_count; i++) {
		const size_t column = i % table->column_count;
		const bool last = column + 1 == table->column_count;

		write_cell(out, buf_span(&table->cells[i]), widths[column],
		    table->columns[column].right, last);
		if (last)
			putc('\n', out);
	}
}

void table_write(const struct table *table, FILE *out, size_t width)
{
	size_t *widths = xcalloc(table->column_count, sizeof(*widths));

	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = table->widths[i];
	if (width > 0)
		fit(table, widths, width);
	write_rows(table, out, widths);
	free(widths);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		buf_free(&table->cells[i]);
	free(table->cells);
	free(table->widths);
	free(table);
}
