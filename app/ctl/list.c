#include <stdio.h>

#include "common/operator/operator_json.h"
#include "age.h"
#include "commands.h"
#include "table.h"
#include "terminal.h"

static const struct column columns[] = {
    {.title = "ID"},
    {.title = "STATUS"},
    {.title = "AGE", .right = true},
    {.title = "TENANT", .free = true},
    {.title = "MODEL", .free = true},
    {.title = "TRIES", .right = true},
    {.title = "DEPLOYMENT", .free = true},
};

static void add_row(
    const struct ctl *ctl, struct table *table, const struct store_row *row, long long now)
{
	char age[AGE_SIZE], attempts[24];

	age_write(age, (double)(now - row->created_at) / 1000);
	snprintf(attempts, sizeof(attempts), "%lld", row->attempts);
	table_add(table,
	    (const char *const[]){row->id, response_status_name(row->status), age, row->tenant,
		row->model, attempts, operator_deployment(ctl->config, row->deployment)});
}

static void print_table(const struct ctl *ctl, const struct store_page *page)
{
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < page->count; i++)
		add_row(ctl, table, &page->rows[i], page->now);
	table_write(table, stdout, terminal_width());
	table_free(table);
	if (page->has_more && terminal_is_shown())
		ctl_note("there are more: --after %s", page->rows[page->count - 1].id);
}

static int print_page(const struct ctl *ctl, const struct store_page *page)
{
	struct buf text = {0};

	if (ctl->arguments->json) {
		operator_page_json(&text, ctl->config, page);
		ctl_print(buf_span(&text));
		buf_free(&text);
	} else if (page->count > 0) {
		print_table(ctl, page);
	}
	return page->count > 0 ? CTL_DONE : ctl_refuse("list: no response is like that");
}

int list_run(struct ctl *ctl)
{
	struct store_page page;
	int status;

	switch (store_list(ctl->store, &ctl->arguments->query, &page)) {
	case STORE_OK:
		status = print_page(ctl, &page);
		store_page_free(&page);
		return status;
	case STORE_NOT_FOUND:
		return ctl_refuse(
		    "--after: %s: no such response, or not any more", ctl->arguments->query.after);
	default:
		return ctl_unavailable(ctl);
	}
}
