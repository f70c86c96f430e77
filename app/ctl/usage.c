#include <stdio.h>

#include "common/operator/operator_json.h"
#include "commands.h"
#include "table.h"
#include "terminal.h"

enum { COLUMNS_MOST = 9, NUMBER_SIZE = 24 };

/* What a row is called by stands in front of its numbers, of which there are as many in any case.
 */
#define NUMBER_COLUMNS                                                                             \
	{.title = "REQUESTS", .right = true}, {.title = "FAILED", .right = true},                  \
	    {.title = "CANCELLED", .right = true}, {.title = "INPUT", .right = true},              \
	    {.title = "OUTPUT", .right = true},                                                    \
	{                                                                                          \
		.title = "COST", .right = true                                                     \
	}

static const struct column columns_of_all[] = {
    {.title = "DAY"},
    {.title = "TENANT", .free = true},
    {.title = "MODEL", .free = true},
    NUMBER_COLUMNS,
};
static const struct column columns_of_tenants[] = {
    {.title = "TENANT", .free = true}, NUMBER_COLUMNS};
static const struct column columns_of_models[] = {{.title = "MODEL", .free = true}, NUMBER_COLUMNS};
static const struct column columns_of_days[] = {{.title = "DAY"}, NUMBER_COLUMNS};

static const struct {
	const struct column *columns;
	size_t names; /* columns in front of the numbers */
} shapes[] = {
    [USAGE_BY_ALL] = {columns_of_all, 3},
    [USAGE_BY_TENANT] = {columns_of_tenants, 1},
    [USAGE_BY_MODEL] = {columns_of_models, 1},
    [USAGE_BY_DAY] = {columns_of_days, 1},
};

enum { NUMBERS = 6 };

/* cells has the names; the numbers come behind them. */
static void add_numbers(
    struct table *table, const char **cells, size_t names, const struct usage_row *row)
{
	const long long numbers[NUMBERS - 1] = {
	    row->requests, row->failed, row->cancelled, row->input_tokens, row->output_tokens};
	char texts[NUMBERS - 1][NUMBER_SIZE];
	struct buf cost = {0};

	for (int i = 0; i < NUMBERS - 1; i++) {
		snprintf(texts[i], NUMBER_SIZE, "%lld", numbers[i]);
		cells[names++] = texts[i];
	}
	usage_cost_write(&cost, row->cost);
	cells[names] = buf_cstr(&cost);
	table_add(table, cells);
	buf_free(&cost);
}

static void add_row(struct table *table, enum usage_by by, const struct usage_row *row)
{
	const char *cells[COLUMNS_MOST];
	size_t names = 0;

	if (by == USAGE_BY_ALL || by == USAGE_BY_DAY)
		cells[names++] = row->day;
	if (by == USAGE_BY_ALL || by == USAGE_BY_TENANT)
		cells[names++] = row->tenant;
	if (by == USAGE_BY_ALL || by == USAGE_BY_MODEL)
		cells[names++] = row->model;
	add_numbers(table, cells, names, row);
}

static void add_sum(struct table *table, size_t names, const struct usage_row *sum)
{
	const char *cells[COLUMNS_MOST] = {"sum", " ", " "};

	add_numbers(table, cells, names, sum);
}

static void print_table(const struct usage_table *usage)
{
	const enum usage_by by = usage->query->by;
	const struct usage_row sum = usage_table_sum(usage);
	struct table *table = table_new(shapes[by].columns, shapes[by].names + NUMBERS);

	for (size_t i = 0; i < usage->count; i++)
		add_row(table, by, &usage->rows[i]);
	add_sum(table, shapes[by].names, &sum);
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
