#include "event_message.h"

enum { DIGITS_MAX = 18 };

/* Takes a whole number off the front. False if there is none, or one that is too long. */
static bool take_number(struct span *text, long long *number)
{
	size_t len = 0;

	*number = 0;
	while (len < text->len && text->p[len] >= '0' && text->p[len] <= '9') {
		if (len == DIGITS_MAX)
			return false;
		*number = *number * 10 + (text->p[len++] - '0');
	}
	if (len == 0)
		return false;
	text->p += len;
	text->len -= len;
	return true;
}

void event_message_read(struct event_message *out, struct span message)
{
	struct span line;
	long long first, count;

	*out = (struct event_message){.look = true};
	if (!span_split(&message, '\n', &line) || !take_number(&line, &first) ||
	    !span_skip(&line, " ") || !take_number(&line, &count))
		return;
	if (message.len != 0 && count != 0)
		*out = (struct event_message){first, count, message, false};
	out->look = line.len != 0 || out->count == 0;
}
