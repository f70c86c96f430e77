/*
 * A line of the log while it is put together: never longer than a pipe takes in one piece, and
 * without allocation. log.c writes it. In text: log_line_*, in JSON: log_json_*.
 */
#ifndef RESPOOL_LOG_LINE_H
#define RESPOOL_LOG_LINE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct log_line {
	size_t len;
	bool cut;            /* something did not fit: nothing more is added */
	char data[PIPE_BUF]; /* of which len bytes are set */
};

/* To begin with. */
void log_line_clear(struct log_line *line);

/* Adds a text, whose control characters are escaped. */
void log_line_add(struct log_line *line, const char *text);
/* Adds " name=text", with the text in quotes where it could be misread. */
void log_line_add_fact(struct log_line *line, const char *name, const char *text);
/* Adds " name=number". */
void log_line_add_number(struct log_line *line, const char *name, long long number);
/* Adds the newline, and before it a mark if the line was cut. */
void log_line_end(struct log_line *line);

/* Begins an object with time, level and event. */
void log_json_begin(struct log_line *line, const char *level, const char *event);
/*
 * Adds a member: the text, cut as needed, or null. Bytes that are no UTF-8 become U+FFFD. A member
 * for which there is no room is left out.
 */
void log_json_add_text(struct log_line *line, const char *name, const char *text);
void log_json_add_number(struct log_line *line, const char *name, long long number);
void log_json_end(struct log_line *line);

#endif
