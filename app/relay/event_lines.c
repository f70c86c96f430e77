#include "event_lines.h"

#include <stdlib.h>
#include <string.h>

#include "common/response/event.h"

/* What begins the line that tells an event's type: its own, or that of JSON without one. */
static const char *const type_lines[] = {
    "event: ", "event:", "data: {\"type\":\"", "data: {\"type\": \"", "data:{\"type\":\""};

/* Nothing of interest follows these. */
static const char *const last_types[] = {
    "response.completed", "response.failed", "response.incomplete", "response.cancelled"};

/* The status that such a type tells; NULL of any other. */
static const char *last_status(struct span type)
{
	/* Nearly all others differ from them in this place. */
	if (type.len < 10 || strchr("cfi", type.p[9]) == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(last_types) / sizeof(last_types[0]); i++) {
		struct span rest = type;

		if (span_skip(&rest, last_types[i]) &&
		    (rest.len == 0 || rest.p[0] == '"' || rest.p[0] == '\r'))
			return last_types[i] + sizeof("response.") - 1;
	}
	return NULL;
}

static bool is_done(struct span line)
{
	struct span rest = line;

	return span_skip(&rest, "data: [DONE]") || span_skip(&line, "data:[DONE]");
}

/* Whether the line says that its event is the stream's last. */
static bool says_last(struct event_lines *lines, struct span line)
{
	if (line.p[0] == 'd' && lines->typed)
		return is_done(line);
	if (line.p[0] != 'e' && line.p[0] != 'd')
		return false;
	if (is_done(line))
		return true;
	for (size_t i = 0; i < sizeof(type_lines) / sizeof(type_lines[0]); i++) {
		struct span rest = line;

		if (span_skip(&rest, type_lines[i])) {
			lines->status = last_status(rest);
			return lines->status != NULL;
		}
	}
	return false;
}

/* type is what follows type_lines. */
static bool is_sign_of_life(struct span type)
{
	size_t len = 0;

	while (len < type.len && strchr("\"\r", type.p[len]) == NULL)
		len++;
	return event_type_is_sign_of_life((struct span){type.p, len});
}

/* What a line says of the open event, while none has passed. */
static void look_for_data(struct event_lines *lines, struct span line)
{
	struct span rest = line;

	for (size_t i = 0; i < sizeof(type_lines) / sizeof(type_lines[0]); i++) {
		rest = line;
		if (span_skip(&rest, type_lines[i]) && is_sign_of_life(rest))
			lines->is_sign = true;
	}
	rest = line;
	lines->has_data = lines->has_data || span_skip(&rest, "data:");
}

static void end_event(struct event_lines *lines)
{
	if (!lines->in_event)
		return;
	lines->eventful = lines->eventful || (lines->has_data && !lines->is_sign);
	lines->in_event = lines->typed = lines->has_data = lines->is_sign = false;
	lines->complete = lines->complete || lines->last_event;
	lines->events++;
}

/* Takes note of a line that is not blank, of which this is the beginning at least. */
static void take_line(struct event_lines *lines, struct span line)
{
	lines->last_event = lines->last_event || says_last(lines, line);
	lines->typed = lines->typed || line.p[0] == 'e';
	if (!lines->eventful)
		look_for_data(lines, line);
	/* A comment makes no event. */
	lines->in_event = lines->in_event || line.p[0] != ':';
}

/* The line that came in pieces has its end. */
static void end_line(struct event_lines *lines)
{
	bool is_blank = lines->line_len == 0 || lines->after_cr;

	lines->line_len = 0;
	lines->after_cr = false;
	if (is_blank)
		end_event(lines);
	else
		take_line(lines, (struct span){lines->head, lines->head_len});
}

/* A "\r" alone on its line is not to take the place of what the line before it was. */
static bool is_blank_beginning(const struct event_lines *lines, struct span piece)
{
	return lines->line_len == 0 && piece.len == 1 && piece.p[0] == '\r';
}

static void keep_tail(struct event_lines *lines, struct span piece)
{
	size_t before = lines->tail_len;

	if (piece.len >= EVENT_LINE_TAIL) {
		memcpy(lines->tail, piece.p + piece.len - EVENT_LINE_TAIL, EVENT_LINE_TAIL);
		lines->tail_len = EVENT_LINE_TAIL;
		return;
	}
	if (before > EVENT_LINE_TAIL - piece.len) {
		size_t kept = EVENT_LINE_TAIL - piece.len;

		memmove(lines->tail, lines->tail + before - kept, kept);
		before = kept;
	}
	memcpy(lines->tail + before, piece.p, piece.len);
	lines->tail_len = before + piece.len;
}

/* Notes a piece of the open line. */
static void note_piece(struct event_lines *lines, struct span piece)
{
	size_t room;

	if (piece.len == 0)
		return;
	if (is_blank_beginning(lines, piece)) {
		lines->line_len = 1;
		lines->after_cr = true;
		return;
	}
	if (lines->line_len == 0 || lines->after_cr) {
		lines->head_len = 0;
		lines->tail_len = 0;
		lines->after_cr = false;
	}
	room = EVENT_LINE_HEAD - lines->head_len;
	memcpy(lines->head + lines->head_len, piece.p, piece.len < room ? piece.len : room);
	lines->head_len += piece.len < room ? piece.len : room;
	keep_tail(lines, piece);
	lines->line_len += piece.len;
}

static void keep_line(struct event_lines *lines, struct span line)
{
	lines->head_len = line.len < EVENT_LINE_HEAD ? line.len : EVENT_LINE_HEAD;
	memcpy(lines->head, line.p, lines->head_len);
	lines->tail_len = 0;
	keep_tail(lines, line);
}

static void tell(const struct event_lines *lines, struct span piece, bool ends)
{
	if (lines->on_line != NULL)
		lines->on_line(lines->ctx, piece, ends);
}

/*
 * Most lines come whole: of these only the last that is not blank is kept, when all have been
 * looked at.
 */
void event_lines_note(struct event_lines *lines, struct span bytes)
{
	struct span last = {0};

	while (bytes.len > 0) {
		const char *end = memchr(bytes.p, '\n', bytes.len);
		struct span line = {bytes.p, end != NULL ? (size_t)(end - bytes.p) : bytes.len};

		if (end == NULL || lines->line_len > 0) {
			tell(lines, line, end != NULL);
			note_piece(lines, line);
			last = (struct span){0};
			if (end == NULL)
				return;
			end_line(lines);
		} else if (line.len == 0 || span_is(line, "\r")) {
			end_event(lines);
		} else {
			tell(lines, line, true);
			take_line(lines, line);
			last = line;
		}
		bytes.p += line.len + 1;
		bytes.len -= line.len + 1;
	}
	if (last.len > 0)
		keep_line(lines, last);
}

bool event_lines_between_events(const struct event_lines *lines)
{
	return !lines->in_event && lines->line_len == 0;
}

/* -1 if there is none. Within a string of JSON the quotes of such a name would be escaped. */
static long long find_number(const char *text, size_t len)
{
	static const char name[] = "\"sequence_number\":";
	const char *found = memmem(text, len, name, sizeof(name) - 1);
	const char *end = text + len;
	long long number = 0;

	if (found == NULL || (found > text && found[-1] == '\\'))
		return -1;
	found += sizeof(name) - 1;
	while (found < end && *found == ' ')
		found++;
	if (found == end || *found < '0' || *found > '9')
		return -1;
	while (found < end && *found >= '0' && *found <= '9' && number < 1000000000000)
		number = number * 10 + (*found++ - '0');
	return found < end ? number : -1; /* it may be cut */
}

long long event_lines_next_number(const struct event_lines *lines)
{
	long long number = find_number(lines->head, lines->head_len);

	if (number < 0)
		number = find_number(lines->tail, lines->tail_len);
	return number >= 0 ? number + 1 : lines->events;
}
