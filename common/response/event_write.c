#include "event.h"

void event_write(struct buf *out, const struct response_event *event, long long sequence_number)
{
	buf_puts(out, "event: ");
	buf_append_span(out, event->type->name);
	buf_puts(out, "\ndata: {\"type\":\"");
	buf_append_span(out, event->type->name);
	buf_printf(out, "\",\"sequence_number\":%lld", sequence_number);
	for (int m = EVENT_SEQUENCE_NUMBER + 1; m < EVENT_MEMBERS; m++) {
		if (event->members[m].len == 0)
			continue;
		buf_puts(out, ",\"");
		buf_puts(out, event_member_name((enum event_member)m));
		buf_puts(out, "\":");
		buf_append_span(out, event->members[m]);
	}
	buf_puts(out, "}\n\n");
}

static void append_on_one_line(struct buf *out, struct span json)
{
	size_t start = out->len;

	buf_append_span(out, json);
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '\n' || out->data[i] == '\r')
			out->data[i] = ' ';
	}
}

void event_write_response(
    struct buf *out, const char *type, struct span response, long long sequence_number)
{
	buf_printf(out,
	    "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%lld,\"response\":", type, type,
	    sequence_number);
	append_on_one_line(out, response);
	buf_puts(out, "}\n\n");
}

const char *event_terminal_type(enum response_status status)
{
	switch (status) {
	case STATUS_COMPLETED:
		return "response.completed";
	case STATUS_INCOMPLETE:
		return "response.incomplete";
	default:
		/* There is none for a cancelled one: its status says so. */
		return "response.failed";
	}
}
