#include "usage_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/time_unit.h"
#include "common/config/model.h"
#include "common/store/counts.h"

enum { SUMMED_LEAST = 1024 };

void usage_table_open(
    struct usage_table *table, const struct config *config, const struct usage_query *query)
{
	*table = (struct usage_table){.query = query};
	if (query->tenant != NULL)
		counts_write_label(&table->tenant, span_of(query->tenant));
	if (query->model != NULL && model_is_served(config, query->model))
		counts_write_label(&table->label, span_of(model_label(config, query->model)));
	else if (query->model != NULL)
		counts_write_label(&table->label, span_of(query->model));
}

static bool is_asked_for(const struct usage_table *table, const struct usage_line *line)
{
	const struct usage_query *query = table->query;

	if (query->tenant != NULL && !span_eq(line->tenant, buf_span(&table->tenant)))
		return false;
	return query->model == NULL || span_eq(line->label, buf_span(&table->label)) ||
	       span_is(line->label, query->model);
}

static long long plus(long long a, long long b)
{
	return a <= LLONG_MAX - b ? a + b : LLONG_MAX;
}

static void add_row(struct usage_row *sum, const struct usage_row *row)
{
	sum->requests = plus(sum->requests, row->requests);
	sum->failed = plus(sum->failed, row->failed);
	sum->cancelled = plus(sum->cancelled, row->cancelled);
	sum->input_tokens = plus(sum->input_tokens, row->input_tokens);
	sum->output_tokens = plus(sum->output_tokens, row->output_tokens);
	sum->cost += row->cost;
}

static int compare_texts(const char *a, const char *b)
{
	return a == NULL || b == NULL ? 0 : strcmp(a, b);
}

/* The latest day first, then by names. Rows that are to be one are the same. */
static int compare_names(const void *left, const void *right)
{
	const struct usage_row *a = left, *b = right;
	int order = strcmp(b->day, a->day);

	if (order == 0)
		order = compare_texts(a->tenant, b->tenant);
	return order != 0 ? order : compare_texts(a->model, b->model);
}

static int compare_use(const void *left, const void *right)
{
	const struct usage_row *a = left, *b = right;
	const long long tokens_a = plus(a->input_tokens, a->output_tokens);
	const long long tokens_b = plus(b->input_tokens, b->output_tokens);

	if (a->cost < b->cost || a->cost > b->cost)
		return a->cost < b->cost ? 1 : -1;
	if (tokens_a != tokens_b)
		return tokens_a < tokens_b ? 1 : -1;
	return compare_names(left, right);
}

static void free_row(struct usage_row *row)
{
	free(row->tenant);
	free(row->model);
}

static void sort(struct usage_table *table, int (*compare)(const void *, const void *))
{
	if (table->count > 1)
		qsort(table->rows, table->count, sizeof(*table->rows), compare);
}

static void sum_up(struct usage_table *table)
{
	size_t last = 0;

	sort(table, compare_names);
	for (size_t i = 1; i < table->count; i++) {
		if (compare_names(&table->rows[last], &table->rows[i]) == 0) {
			add_row(&table->rows[last], &table->rows[i]);
			free_row(&table->rows[i]);
		} else {
			table->rows[++last] = table->rows[i];
		}
	}
	if (table->count > 0)
		table->count = last + 1;
	table->summed = table->count;
}

/* Sums up now and then, so that it takes as much memory as is shown, not as is read. */
static struct usage_row *new_row(struct usage_table *table)
{
	if (table->query->by != USAGE_BY_ALL && table->count >= 2 * table->summed + SUMMED_LEAST)
		sum_up(table);
	if (table->count == table->cap) {
		table->cap = table->cap != 0 ? 2 * table->cap : 64;
		table->rows = xrealloc(table->rows, table->cap * sizeof(*table->rows));
	}
	return &table->rows[table->count++];
}

static char *name_of(const struct usage_table *table, enum usage_by by, struct span name)
{
	return table->query->by == USAGE_BY_ALL || table->query->by == by
		   ? xmemdup(name.p, name.len)
		   : NULL;
}

void usage_table_take(void *ctx, const char *day, const struct usage_line *line)
{
	struct usage_table *table = ctx;
	const enum usage_by by = table->query->by;
	struct usage_row *row;

	if (!is_asked_for(table, line))
		return;
	row = new_row(table);
	*row = (struct usage_row){
	    .tenant = name_of(table, USAGE_BY_TENANT, line->tenant),
	    .model = name_of(table, USAGE_BY_MODEL, line->label),
	    .requests = line->requests,
	    .failed = line->failed,
	    .cancelled = line->cancelled,
	    .input_tokens = line->input_tokens,
	    .output_tokens = line->output_tokens,
	    .cost = line->cost,
	};
	if (by == USAGE_BY_ALL || by == USAGE_BY_DAY)
		memcpy(row->day, day, strnlen(day, ISO_DAY_SIZE - 1));
}

void usage_table_finish(struct usage_table *table)
{
	const enum usage_by by = table->query->by;

	sum_up(table);
	if (by == USAGE_BY_TENANT || by == USAGE_BY_MODEL)
		sort(table, compare_use);
}

struct usage_row usage_table_sum(const struct usage_table *table)
{
	struct usage_row sum = {0};

	for (size_t i = 0; i < table->count; i++)
		add_row(&sum, &table->rows[i]);
	return sum;
}

void usage_table_free(struct usage_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free_row(&table->rows[i]);
	free(table->rows);
	buf_free(&table->tenant);
	buf_free(&table->label);
	*table = (struct usage_table){0};
}

static time_t day_of(time_t moment)
{
	return moment - (moment % DAY_SECONDS + DAY_SECONDS) % DAY_SECONDS;
}

/* What begins in the future has no days. */
static int count_days(const struct usage_query *query)
{
	const time_t days = (day_of(query->now) - day_of(query->since)) / DAY_SECONDS + 1;

	if (days < 0)
		return 0;
	return days < USE_DAYS_MOST ? (int)days : USE_DAYS_MOST;
}

enum store_result usage_table_load(struct usage_table *table, struct store *store,
    const struct config *config, const struct usage_query *query)
{
	const int days = count_days(query);

	usage_table_open(table, config, query);
	iso_day_write(
	    table->since, days > 0 ? query->now - (time_t)(days - 1) * DAY_SECONDS : query->since);
	if (store_usage(store, query->now, days, usage_table_take, table) != STORE_OK) {
		usage_table_free(table);
		return STORE_UNAVAILABLE;
	}
	usage_table_finish(table);
	return STORE_OK;
}

void usage_cost_write(struct buf *out, double cost)
{
	buf_printf(out, "%.6f", cost);
	while (out->data[out->len - 1] == '0')
		out->len--;
	if (out->data[out->len - 1] == '.')
		out->len--;
}
