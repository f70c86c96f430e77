/*
 * Messages to stderr, one line each: "<program>[<pid>]: <level>: text\n" with the level info,
 * warning, error or fatal; or as a JSON object with the members time (RFC 3339, UTC), level, event
 * ("message"), program, pid and message. A line is written with one write(2) and cut at PIPE_BUF
 * bytes, so that lines of several processes do not mix. Control characters are escaped (\n, \x1b),
 * so nothing that a client or provider sent can forge a line. errno is left as it was.
 */
#ifndef RESPOOL_LOG_H
#define RESPOOL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* How lines look: as above, or each as a JSON object. */
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Sets the name that lines begin with. The string is kept, not copied. */
void log_open(const char *program);

/*
 * From now on a line that stderr would not take at once is lost, rather than that the process
 * waits: for one that many wait for. The next line that is written tells how many were.
 */
void log_never_wait(void);

/* A line's text as it is, with nothing escaped; level is "info" or "warning". */
typedef void log_taker(void *ctx, const char *level, const char *text);
/*
 * From now on lines go there rather than to stderr, for a program that people talk to; with NULL,
 * to stderr again. Events, and what is fatal, go to stderr always.
 */
void log_divert(log_taker *taker, void *ctx);

/* LOG_FORMAT_TEXT until this says otherwise. */
void log_set_format(enum log_format format);

/* A fact that a line tells. */
struct log_field {
	const char *name; /* a word */
	/* Either of them: text is NULL where the fact is a number, and where it is not known. */
	const char *text;
	long long
	    number;   /* LOG_UNKNOWN: nothing is known; the field is null, or left out of text */
	bool is_long; /* of the text more is told: LOG_LONG_TEXT */
};

#define LOG_UNKNOWN (-1)
#define LOG_TEXT(name, value)                                                                      \
	(struct log_field)                                                                         \
	{                                                                                          \
		name, value, LOG_UNKNOWN, false                                                    \
	}
/* For the last one of a line, which is cut if there is no room for it. */
#define LOG_LONG_TEXT(name, value)                                                                 \
	(struct log_field)                                                                         \
	{                                                                                          \
		name, value, LOG_UNKNOWN, true                                                     \
	}
#define LOG_NUMBER(name, value)                                                                    \
	(struct log_field)                                                                         \
	{                                                                                          \
		name, NULL, value, false                                                           \
	}

/*
 * Logs with level info what has happened, a word, and its facts: "response_ended id=resp_…
 * attempts=1"; a text with blanks or quotes in it stands in quotes. In JSON, "event" is the word,
 * each fact a member of its own behind time and level. Of a text that is long the first 256 bytes
 * are told, or the first 1024 of LOG_LONG_TEXT.
 */
void log_event(const char *event, const struct log_field *fields, size_t count);

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* The same with another level. */
void log_event_as(
    enum log_level level, const char *event, const struct log_field *fields, size_t count);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Adds ": " and strerror(errno). */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Log and exit with status 1. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fatalx(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
