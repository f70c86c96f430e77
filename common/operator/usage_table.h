/* What was used, in rows: those that a query asks for, and summed up as it says. */
#ifndef RESPOOL_USAGE_TABLE_H
#define RESPOOL_USAGE_TABLE_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/iso_time.h"
#include "common/config/config.h"
#include "common/store/operate.h"
#include "usage_query.h"

struct usage_row {
	char *tenant, *model;   /* NULL where rows are summed up by something else */
	char day[ISO_DAY_SIZE]; /* "" likewise */
	long long requests, failed, cancelled, input_tokens, output_tokens;
	double cost;
};

struct usage_table {
	const struct usage_query *query;
	struct buf tenant, label; /* that are asked for, as they are counted */
	char since[ISO_DAY_SIZE]; /* the first day that was looked at */
	struct usage_row *rows;
	size_t count, cap;
	size_t summed; /* how many there were when rows were last summed up */
};

/* query has to outlive the table. */
void usage_table_open(
    struct usage_table *table, const struct config *config, const struct usage_query *query);
/* store_use_fn; the table is its ctx. */
void usage_table_take(void *table, const char *day, const struct usage_line *line);
/*
 * Nothing is taken any more: sums up, and puts the rows in order. By tenant or by model that is by
 * cost, then by tokens, the most first; else the latest day first, then by tenant and model.
 */
void usage_table_finish(struct usage_table *table);
/* All rows in one, that has neither tenant nor model nor day. */
struct usage_row usage_table_sum(const struct usage_table *table);
void usage_table_free(struct usage_table *table);

/*
 * Does all of that with what Redis has. Unless STORE_OK is returned, there is nothing to free. Of
 * what is older than USE_DAYS_MOST days there is nothing.
 */
enum store_result usage_table_load(struct usage_table *table, struct store *store,
    const struct config *config, const struct usage_query *query);

/* Appends a cost for people: with up to six digits behind the point, of which no last one is 0. */
void usage_cost_write(struct buf *out, double cost);

#endif
