#include <stdio.h>

#include "common/operator/operator_json.h"
#include "commands.h"
#include "table.h"
#include "terminal.h"

enum column_of_use {
	DAY,
	TENANT,
	MODEL,
	REQUESTS,
	FAILED,
	CANCELLED,
	INPUT,
	OUTPUT,
	COST,
	COLUMNS
};

enum { NUMBER_SIZE = 24 };

static const struct column all_columns[COLUMNS] = {
    [DAY] = {.title = "DAY"},
    [TENANT] = {.title = "TENANT", .free = true},
    [MODEL] = {.title = "MODEL", .free = true},
    [REQUESTS] = {.title = "REQUESTS", .right = true},
    [FAILED] = {.title = "FAILED", .right = true},
    [CANCELLED] = {.title = "CANCELLED", .right = true},
    [INPUT] = {.title = "INPUT", .right = true},
    [OUTPUT] = {.title = "OUTPUT", .right = true},
    [COST] = {.title = "COST", .right = true},
};

/* Of what a row is called by, only that which rows are summed up by is shown. */
static bool is_shown(int column, enum usage_by by)
{
	static const enum usage_by names[] = {
	    [DAY] = USAGE_BY_DAY, [TENANT] = USAGE_BY_TENANT, [MODEL] = USAGE_BY_MODEL};

	return column >= REQUESTS || by == USAGE_BY_ALL || by == names[column];
}

static size_t choose_columns(struct column columns[COLUMNS], enum usage_by by)
{
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (is_shown(i, by))
			columns[count++] = all_columns[i];
	}
	return count;
}

static void add_cells(struct table *table, enum usage_by by, const char *const cells[COLUMNS])
{
	const char *shown[COLUMNS];
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (is_shown(i, by))
			shown[count++] = cells[i];
	}
	table_add(table, shown);
}

/* The cells have the names; the numbers come behind them. */
static void add_numbers(
    struct table *table, enum usage_by by, const char *cells[COLUMNS], const struct usage_row *row)
{
	const long long numbers[] = {
	    row->requests, row->failed, row->cancelled, row->input_tokens, row->output_tokens};
	char texts[COST - REQUESTS][NUMBER_SIZE];
	struct buf cost = {0};

	for (int i = 0; i < COST - REQUESTS; i++) {
		snprintf(texts[i], NUMBER_SIZE, "%lld", numbers[i]);
		cells[REQUESTS + i] = texts[i];
	}
	usage_cost_write(&cost, row->cost);
	cells[COST] = buf_cstr(&cost);
	add_cells(table, by, cells);
	buf_free(&cost);
}

static void add_row(struct table *table, enum usage_by by, const struct usage_row *row)
{
	const char *cells[COLUMNS] = {
	    [DAY] = row->day, [TENANT] = row->tenant, [MODEL] = row->model};

	add_numbers(table, by, cells, row);
}

static void add_sum(struct table *table, enum usage_by by, const struct usage_row *sum)
{
	const char *const rest = by == USAGE_BY_ALL ? " " : "sum";
	const char *cells[COLUMNS] = {[DAY] = "sum", [TENANT] = rest, [MODEL] = rest};

	add_numbers(table, by, cells, sum);
}

static void print_table(const struct usage_table *usage)
{
	const enum usage_by by = usage->query->by;
	const struct usage_row sum = usage_table_sum(usage);
	struct column columns[COLUMNS];
	struct table *table = table_new(columns, choose_columns(columns, by));

	for (size_t i = 0; i < usage->count; i++)
		add_row(table, by, &usage->rows[i]);
	add_sum(table, by, &sum);
	table_write(table, stdout, terminal_width());
	table_free(table);
}

static int print(const struct ctl *ctl, const struct usage_table *usage)
{
	struct buf text = {0};

	if (ctl->arguments->json) {
		operator_usage_json(&text, usage);
		ctl_print(buf_span(&text));
		buf_free(&text);
	} else if (usage->count > 0) {
		print_table(usage);
	}
	return usage->count > 0
		   ? CTL_DONE
		   : ctl_refuse("usage: nothing of that has been used since %s", usage->since);
}

int usage_run(struct ctl *ctl)
{
	struct usage_table usage;
	int status;

	if (usage_table_load(&usage, ctl->store, ctl->config, &ctl->arguments->usage) != STORE_OK)
		return ctl_unavailable(ctl);
	status = print(ctl, &usage);
	usage_table_free(&usage);
	return status;
}
