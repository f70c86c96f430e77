#include "event.h"

#include "common/base/decimal.h"

void event_write_begin(struct buf *out, const char *type, long long sequence_number)
{
	struct span name = span_of(type);

	buf_puts(out, "event: ");
	buf_append_span(out, name);
	buf_puts(out, "\ndata: {\"type\":\"");
	buf_append_span(out, name);
	buf_puts(out, "\",\"sequence_number\":");
	decimal_append(out, sequence_number);
}

void event_write_end(struct buf *out)
{
	buf_puts(out, "}\n\n");
}

void event_write(struct buf *out, const struct response_event *event, long long sequence_number)
{
	event_write_begin(out, event_name(event), sequence_number);
	for (int m = EVENT_SEQUENCE_NUMBER + 1; m < EVENT_MEMBERS; m++) {
		if (event->members[m].len == 0)
			continue;
		buf_puts(out, ",\"");
		buf_puts(out, event_member_name((enum event_member)m));
		buf_puts(out, "\":");
		buf_append_span(out, event->members[m]);
	}
	event_write_end(out);
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
	event_write_begin(out, type, sequence_number);
	buf_puts(out, ",\"response\":");
	append_on_one_line(out, response);
	event_write_end(out);
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
