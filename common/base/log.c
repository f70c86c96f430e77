#include "log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decimal.h"
#include "log_line.h"
#include "utf8.h"

/* Bytes: so that all of a line's facts find room in it, and one that is long behind them. */
enum { LONGEST_FACT = 256, LONGEST_LONG_FACT = 1024 };
enum { FACT_ROOM = LONGEST_LONG_FACT + 8 };

static const char *const level_words[] = {
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};

static bool looks_for_room; /* before each line */
static unsigned long lost;  /* lines, since the last that was written */
static const char *program = "respool";
static pid_t own_pid; /* 0: to be asked for */
static enum log_format line_format;
static log_taker *taker;
static void *taker_ctx;

static void forget_pid(void)
{
	own_pid = 0;
}

void log_open(const char *name)
{
	program = name;
	pthread_atfork(NULL, NULL, forget_pid);
}

/* To ask the system for it with each line is a good part of the line. */
static pid_t pid_of_process(void)
{
	if (own_pid == 0)
		own_pid = getpid();
	return own_pid;
}

/* A file takes what it is given. */
static bool may_be_full(void)
{
	struct stat about;

	return fstat(STDERR_FILENO, &about) != 0 || !S_ISREG(about.st_mode);
}

void log_never_wait(void)
{
	looks_for_room = may_be_full();
}

void log_set_format(enum log_format format)
{
	line_format = format;
}

void log_divert(log_taker *fn, void *ctx)
{
	taker = fn;
	taker_ctx = ctx;
}

static void write_whole(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n < 0 && errno != EINTR)
			return;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

/* A pipe that is writable has room for a line at least. */
static bool has_room(void)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&fd, 1, 0) != 0;
}

static void begin_text(struct log_line *line, const char *level)
{
	char pid[DECIMAL_SIZE];

	decimal_write(pid, pid_of_process());
	log_line_add(line, program);
	log_line_add(line, "[");
	log_line_add(line, pid);
	log_line_add(line, "]: ");
	log_line_add(line, level);
	log_line_add(line, ": ");
}

static void make_message(struct log_line *line, const char *level, const char *text)
{
	log_line_clear(line);
	if (line_format == LOG_FORMAT_JSON) {
		log_json_begin(line, level, "message");
		log_json_add_text(line, "program", program);
		log_json_add_number(line, "pid", pid_of_process());
		log_json_add_text(line, "message", text);
		log_json_end(line);
	} else {
		begin_text(line, level);
		log_line_add(line, text);
		log_line_end(line);
	}
}

static void tell_lost(void)
{
	struct log_line line;
	char text[64];

	snprintf(text, sizeof(text), "%lu lines before this are lost", lost);
	lost = 0;
	make_message(&line, "warning", text);
	write_whole(line.data, line.len);
}

static void write_line(const struct log_line *line)
{
	if (looks_for_room && !has_room()) {
		lost++;
		return;
	}
	if (lost > 0) {
		tell_lost();
		if (looks_for_room && !has_room())
			return;
	}
	write_whole(line->data, line->len);
}

/* error is the errno to explain behind the text, or 0. */
static void log_message(const char *level, int error, const char *format, va_list args)
{
	struct log_line line;
	char text[PIPE_BUF + 1]; /* a line that has so much is cut */
	int saved = errno;
	int n;

	n = vsnprintf(text, sizeof(text), format, args);
	if (n < 0)
		n = snprintf(text, sizeof(text), "%s", format);
	if (error != 0 && n < (int)sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ": %s", strerror(error));
	if (taker != NULL && strcmp(level, "fatal") != 0) {
		taker(taker_ctx, level, text);
	} else {
		make_message(&line, level, text);
		write_line(&line);
	}
	errno = saved;
}

/* A fact's text, or its beginning in room. */
static const char *bounded(const struct log_field *field, char room[FACT_ROOM])
{
	const char *text = field->text;
	size_t len = utf8_fitting(text, field->is_long ? LONGEST_LONG_FACT : LONGEST_FACT);

	if (text[len] == '\0')
		return text;
	memcpy(room, text, len);
	memcpy(room + len, "\xe2\x80\xa6", 4);
	return room;
}

static void add_fact_in_text(struct log_line *line, const struct log_field *field)
{
	char room[FACT_ROOM];

	if (field->text != NULL)
		log_line_add_fact(line, field->name, bounded(field, room));
	else if (field->number != LOG_UNKNOWN)
		log_line_add_number(line, field->name, field->number);
}

static void add_fact_in_json(struct log_line *line, const struct log_field *field)
{
	char room[FACT_ROOM];

	if (field->text != NULL)
		log_json_add_text(line, field->name, bounded(field, room));
	else if (field->number != LOG_UNKNOWN)
		log_json_add_number(line, field->name, field->number);
	else
		log_json_add_text(line, field->name, NULL);
}

void log_event_as(
    enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	const char *word = level_words[level];
	struct log_line line;
	int saved = errno;

	log_line_clear(&line);
	if (line_format == LOG_FORMAT_JSON) {
		log_json_begin(&line, word, event);
		for (size_t i = 0; i < count; i++)
			add_fact_in_json(&line, &fields[i]);
		log_json_end(&line);
	} else {
		begin_text(&line, word);
		log_line_add(&line, event);
		for (size_t i = 0; i < count; i++)
			add_fact_in_text(&line, &fields[i]);
		log_line_end(&line);
	}
	write_line(&line);
	errno = saved;
}

void log_event(const char *event, const struct log_field *fields, size_t count)
{
	log_event_as(LOG_LEVEL_INFO, event, fields, count);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message("info", 0, format, args);
	va_end(args);
}

void log_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message("warning", errno, format, args);
	va_end(args);
}

void log_warnx(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message("warning", 0, format, args);
	va_end(args);
}

void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message("fatal", errno, format, args);
	va_end(args);
	exit(1);
}

void fatalx(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message("fatal", 0, format, args);
	va_end(args);
	exit(1);
}
