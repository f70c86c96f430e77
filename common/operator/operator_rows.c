#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "members.h"
#include "operator_json.h"

static const char *deployment_or_null(const struct config *config, const char *id)
{
	return id != NULL && id[0] != '\0' ? operator_deployment(config, id) : NULL;
}

/* The object stays open. now is ms, 0 if it is not known: then there is no age. */
static void open_row(
    struct buf *out, const struct config *config, const struct store_row *row, long long now)
{
	buf_putc(out, '{');
	member_text(out, "id", row->id);
	member_text(out, "tenant", row->tenant);
	member_text(out, "model", row->model);
	member_text(
	    out, "status", row->status < STATUS_COUNT ? response_status_name(row->status) : NULL);
	if (row->created_at != 0) {
		member_seconds(out, "created_at", row->created_at);
		member_seconds(out, "age_seconds", now - row->created_at);
	} else {
		member_null(out, "created_at");
		member_null(out, "age_seconds");
	}
	member_number(out, "attempts", row->attempts);
	member_text(out, "deployment", deployment_or_null(config, row->deployment));
}

void operator_page_json(struct buf *out, const struct config *config, const struct store_page *page)
{
	buf_puts(out, "{\"data\":[");
	for (size_t i = 0; i < page->count; i++) {
		json_begin_element(out);
		open_row(out, config, &page->rows[i], page->now);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	member_bool(out, "has_more", page->has_more);
	buf_putc(out, '}');
}

static struct span take_until(const char **text, char end)
{
	struct span taken = {*text, strcspn(*text, (char[]){end, '\n', '\0'})};

	*text += taken.len;
	if (**text == end)
		(*text)++;
	return taken;
}

/* One line of the history, as struct store_detail has it. */
static void write_happening(struct buf *out, const char **history)
{
	long long ms = strtoll(take_until(history, ' ').p, NULL, 10);
	struct span what = take_until(history, ' ');
	struct span why = take_until(history, '\n');

	json_begin_element(out);
	buf_putc(out, '{');
	member_seconds(out, "time", ms);
	member_name(out, "what");
	json_quote(out, what);
	member_name(out, "why");
	json_quote(out, why);
	buf_putc(out, '}');
}

static void write_history(struct buf *out, const char *history)
{
	member_name(out, "history");
	buf_putc(out, '[');
	while (history != NULL && *history != '\0')
		write_happening(out, &history);
	buf_putc(out, ']');
}

void operator_detail_json(
    struct buf *out, const struct config *config, const struct store_detail *detail)
{
	open_row(out, config, &detail->row, detail->now);
	member_bool(out, "foreign", detail->foreign);
	member_text(out, "owner", detail->owner);
	member_text(out, "request_id", detail->request_id);
	if (detail->waited_ms >= 0)
		member_seconds(out, "waited_seconds", detail->waited_ms);
	else
		member_null(out, "waited_seconds");
	member_bool(out, "streamed", detail->streamed);
	member_bool(out, "can_retry", detail->can_retry);
	write_history(out, detail->history);
	member_name(out, "response");
	buf_append_span(out, buf_span(&detail->object));
	buf_putc(out, '}');
}
