#include "event_message.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_LEN = 63 };

/* Takes the line off the front, without its end. False if that is far off. */
static bool take_line(char line[LINE_MAX_LEN + 1], struct span *text)
{
	const char *end = text->len > 0 ? memchr(text->p, '\n', text->len) : NULL;
	size_t len;

	if (end == NULL || end - text->p > LINE_MAX_LEN)
		return false;
	len = (size_t)(end - text->p);
	memcpy(line, text->p, len);
	line[len] = '\0';
	text->p += len + 1;
	text->len -= len + 1;
	return true;
}

void event_message_read(struct event_message *out, struct span message)
{
	char line[LINE_MAX_LEN + 1];
	long long first, count;
	int end = 0;

	*out = (struct event_message){.look = true};
	if (!take_line(line, &message) ||
	    sscanf(line, "%18lld %18lld%n", &first, &count, &end) != 2 || first < 0 || count < 0)
		return;
	if (message.len != 0 && count != 0)
		*out = (struct event_message){first, count, message, false};
	out->look = line[end] != '\0' || out->count == 0;
}
