/*
 * Messages to stderr, one line each: "<program>[<pid>]: <level>: text\n" with the level info,
 * warning or fatal. A line is written with one write(2) and cut at PIPE_BUF bytes, so that lines of
 * several processes do not mix. Control characters are escaped (\n, \x1b), so nothing that a client
 * or provider sent can forge a line. errno is left as it was.
 */
#ifndef RESPOOL_LOG_H
#define RESPOOL_LOG_H

/* Sets the name that lines begin with. The string is kept, not copied. */
void log_open(const char *program);

/*
 * From now on a line that stderr would not take at once is lost, rather than that the process
 * waits: for one that many wait for. The next line that is written tells how many were.
 */
void log_never_wait(void);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Adds ": " and strerror(errno). */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Log and exit with status 1. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fatalx(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
