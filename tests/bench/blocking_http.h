/*
 * A client of HTTP that blocks on a connection that stays open, so that little of what it measures
 * is its own. What goes wrong ends the program.
 */
#ifndef BENCH_BLOCKING_HTTP_H
#define BENCH_BLOCKING_HTTP_H

#include <netinet/in.h>
#include <stddef.h>

enum { REQUEST_MAX = 2048, BUFFER_SIZE = 65536 };

struct target {
	struct sockaddr_in address;
	char request[REQUEST_MAX];
	size_t request_len;
};

/* What has been read is between begin and end; the last of it came then. */
struct connection {
	int fd;
	size_t begin, end;
	double came;
	char buffer[BUFFER_SIZE];
};

/* Gets an answer's body piece by piece, and when each was read. */
struct body {
	void (*take)(void *ctx, const char *p, size_t len, double came);
	void *ctx;
};

/* Says why, and what was found, and ends the program. */
_Noreturn void http_die(const char *why, const char *what);

/* Of the monotonic clock, in microseconds. */
double http_now_us(void);

/* A POST of that body to http://127.0.0.1:PORT/PATH. */
void target_set(struct target *target, const char *url, const char *key, const char *body);

/* Close its fd. */
void http_open(struct connection *connection, const struct target *target);
void http_send(const struct connection *connection, const struct target *target);
/* Reads an answer to its end. It has to be a 200 that has a length or is chunked. */
void http_read_answer(struct connection *connection, const struct body *body);

#endif
