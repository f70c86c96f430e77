#include "event_message.h"

#include "common/base/decimal.h"

void event_message_read(struct event_message *out, struct span message)
{
	struct span line;
	long long first, count;

	*out = (struct event_message){.look = true};
	if (!span_split(&message, '\n', &line) || !decimal_take(&line, DECIMAL_DIGITS, &first) ||
	    !span_skip(&line, " ") || !decimal_take(&line, DECIMAL_DIGITS, &count))
		return;
	if (message.len != 0 && count != 0)
		*out = (struct event_message){first, count, message, false};
	out->look = line.len != 0 || out->count == 0;
}
