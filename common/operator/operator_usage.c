#include "common/base/json.h"
#include "members.h"
#include "operator_json.h"

static void write_row(struct buf *out, const struct usage_row *row)
{
	buf_putc(out, '{');
	if (row->tenant != NULL)
		member_text(out, "tenant", row->tenant);
	if (row->model != NULL)
		member_text(out, "model", row->model);
	if (row->day[0] != '\0')
		member_text(out, "day", row->day);
	member_number(out, "requests", row->requests);
	member_number(out, "failed", row->failed);
	member_number(out, "cancelled", row->cancelled);
	member_number(out, "input_tokens", row->input_tokens);
	member_number(out, "output_tokens", row->output_tokens);
	member_name(out, "cost");
	buf_printf(out, "%.12g}", row->cost);
}

void operator_usage_json(struct buf *out, const struct usage_table *table)
{
	buf_putc(out, '{');
	member_text(out, "since", table->since);
	member_name(out, "data");
	buf_putc(out, '[');
	for (size_t i = 0; i < table->count; i++) {
		json_begin_element(out);
		write_row(out, &table->rows[i]);
	}
	buf_puts(out, "]}");
}
