#include "log.h"

#include <errno.h>
#include <poll.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pipe takes up to PIPE_BUF bytes in one piece, so a longer line could be torn apart. */
enum { LINE_MAX_BYTES = PIPE_BUF };

/* Stands at the end of a line that was too long, with its newline. */
static const char cut_mark[] = " [cut]\n";

static bool never_waits;
static unsigned long lost; /* lines, since the last that was written */
static const char *program = "respool";

struct line {
	char data[LINE_MAX_BYTES];
	size_t len;
	bool cut;
};

void log_open(const char *name)
{
	program = name;
}

static void line_add(struct line *line, const char *bytes, size_t len)
{
	if (line->cut || line->len + len + sizeof(cut_mark) > sizeof(line->data)) {
		line->cut = true;
		return;
	}
	memcpy(line->data + line->len, bytes, len);
	line->len += len;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* U+0080 to U+009F are control characters too, and terminals obey them. */
static bool is_c1_control(const unsigned char *p)
{
	return p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;
}

static void line_add_escape(struct line *line, unsigned char c)
{
	static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr";
	const char *letter = c == '\0' ? NULL : strchr(letters, c);
	char escape[8];
	int len;

	if (letter != NULL && c < 0x20)
		len = snprintf(escape, sizeof(escape), "\\%c", letter[1]);
	else
		len = snprintf(escape, sizeof(escape), "\\x%02x", c);
	line_add(line, escape, (size_t)len);
}

static void line_add_text(struct line *line, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p != '\0'; p++) {
		if (is_control(*p)) {
			line_add_escape(line, *p);
		} else if (is_c1_control(p)) {
			line_add_escape(line, *p++);
			line_add_escape(line, *p);
		} else {
			line_add(line, (const char *)p, 1);
		}
	}
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Drops the last UTF-8 character if it has several bytes: some of them may be missing. */
static void line_drop_torn(struct line *line)
{
	while (line->len > 0 && is_continuation(line->data[line->len - 1]))
		line->len--;
	if (line->len > 0 && (unsigned char)line->data[line->len - 1] >= 0xc0)
		line->len--;
}

static void line_end(struct line *line)
{
	if (line->cut) {
		line_drop_torn(line);
		memcpy(line->data + line->len, cut_mark, sizeof(cut_mark) - 1);
		line->len += sizeof(cut_mark) - 1;
	} else {
		line->data[line->len++] = '\n';
	}
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

static void tell_lost(void)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "%s[%ld]: warning: %lu lines before this are lost\n",
	    program, (long)getpid(), lost);

	lost = 0;
	write_whole(text, (size_t)len);
}

static void line_write(const struct line *line)
{
	if (never_waits && !has_room()) {
		lost++;
		return;
	}
	if (lost > 0) {
		tell_lost();
		if (never_waits && !has_room())
			return;
	}
	write_whole(line->data, line->len);
}

void log_never_wait(void)
{
	never_waits = true;
}

/* error is the errno to explain behind the text, or 0. */
static void log_message(const char *level, int error, const char *format, va_list args)
{
	struct line line = {.len = 0};
	char text[LINE_MAX_BYTES];
	int saved = errno;
	int n;

	n = snprintf(text, sizeof(text), "%s[%ld]: %s: ", program, (long)getpid(), level);
	if (n > 0)
		line_add_text(&line, text);
	n = vsnprintf(text, sizeof(text), format, args);
	if (n >= 0)
		line_add_text(&line, text);
	if (error != 0) {
		line_add_text(&line, ": ");
		line_add_text(&line, strerror(error));
	}
	if (n >= (int)sizeof(text))
		line.cut = true;
	line_end(&line);
	line_write(&line);
	errno = saved;
}

void log_set_format(enum log_format format)
{
	(void)format;
}

void log_event(const char *event, const struct log_field *fields, size_t count)
{
	(void)fields;
	(void)count;
	log_info("event=%s", event);
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
