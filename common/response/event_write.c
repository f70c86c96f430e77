#include "event.h"

#include "common/base/json.h"

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
