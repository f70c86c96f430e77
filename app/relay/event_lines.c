#include "event_lines.h"

#include <stdlib.h>
#include <string.h>

/* Takes a prefix off a line. */
static bool skip(struct span *line, const char *prefix)
{
	size_t len = strlen(prefix);

	if (line->len < len || memcmp(line->p, prefix, len) != 0)
		return false;
	line->p += len;
	line->len -= len;
	return true;
}

/* What begins the line that tells an event's type: its own, or that of JSON without one. */
static const char *const type_lines[] = {
    "event: ", "event:", "data: {\"type\":\"", "data: {\"type\": \"", "data:{\"type\":\""};

/* Nothing of interest follows these. */
static const char *const last_types[] = {
    "response.completed", "response.failed", "response.incomplete", "response.cancelled"};

static bool is_last_type(struct span type)
{
	for (size_t i = 0; i < sizeof(last_types) / sizeof(last_types[0]); i++) {
		struct span rest = type;

		if (skip(&rest, last_types[i]))
			return rest.len == 0 || rest.p[0] == '"' || rest.p[0] == '\r';
	}
	return false;
}

/* Whether a line, of which this is the beginning, says that its event is the stream's last. */
static bool says_last(struct span line)
{
	struct span rest = line;

	if (skip(&rest, "data: [DONE]"))
		return true;
	for (size_t i = 0; i < sizeof(type_lines) / sizeof(type_lines[0]); i++) {
		rest = line;
		if (skip(&rest, type_lines[i]))
			return is_last_type(rest);
	}
	return false;
}

/*
 * Takes the number of the event from a piece of its line. Within a string of JSON the name's quotes
 * are escaped. A number that is cut in two by the pieces is not found.
 */
static void note_number(struct event_lines *lines, struct span piece)
{
	static const char name[] = "\"sequence_number\":";
	const char *found = memmem(piece.p, piece.len, name, sizeof(name) - 1);
	const char *end = piece.p + piece.len;
	long long number = 0;

	if (found == NULL || (found > piece.p && found[-1] == '\\'))
		return;
	found += sizeof(name) - 1;
	while (found < end && *found == ' ')
		found++;
	if (found == end || *found < '0' || *found > '9')
		return;
	while (found < end && *found >= '0' && *found <= '9' && number < 1000000000000)
		number = number * 10 + (*found++ - '0');
	/* The end of the event adds one. */
	if (found < end)
		lines->next = number;
}

static void end_event(struct event_lines *lines)
{
	if (!lines->in_event)
		return;
	lines->in_event = false;
	lines->complete = lines->complete || lines->last_event;
	lines->next++;
}

static void end_line(struct event_lines *lines)
{
	struct span line = {lines->line, lines->line_len};

	lines->line_len = 0;
	if (line.len == 0 || span_is(line, "\r")) {
		end_event(lines);
		return;
	}
	lines->last_event = lines->last_event || says_last(line);
	/* A comment makes no event. */
	lines->in_event = lines->in_event || line.p[0] != ':';
}

void event_lines_note(struct event_lines *lines, struct span bytes)
{
	while (bytes.len > 0) {
		const char *end = memchr(bytes.p, '\n', bytes.len);
		size_t len = end != NULL ? (size_t)(end - bytes.p) : bytes.len;
		size_t room = EVENT_LINE_MAX - lines->line_len;

		memcpy(lines->line + lines->line_len, bytes.p, len < room ? len : room);
		lines->line_len += len < room ? len : room;
		note_number(lines, (struct span){bytes.p, len});
		if (end == NULL)
			return;
		end_line(lines);
		bytes.p += len + 1;
		bytes.len -= len + 1;
	}
}

bool event_lines_between_events(const struct event_lines *lines)
{
	return !lines->in_event && lines->line_len == 0;
}
