/* Tables for people: a line of titles, and each row a line, its cells below each other. */
#ifndef RESPOOL_TABLE_H
#define RESPOOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct column {
	const char *title;
	bool right; /* its cells stand at the right */
	bool free;  /* it may be cut where the terminal is too narrow */
};

struct table;

/* columns has to outlive the table. */
struct table *table_new(const struct column *columns, size_t count);
/* A cell for each column; NULL and "" are shown as "-". Copied, with control characters harmless.
 */
void table_add(struct table *table, const char *const *cells);
/*
 * Writes the table, no line of it wider than width as far as cutting the widest of the free columns
 * allows that; 0: as wide as it is.
 */
void table_write(const struct table *table, FILE *out, size_t width);
void table_free(struct table *table);

#endif
