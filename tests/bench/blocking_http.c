#include "blocking_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 60, PATH_MAX_BYTES = 256 };

_Noreturn void http_die(const char *why, const char *what)
{
	fprintf(stderr, "%s: %s\n", why, what);
	exit(1);
}

double http_now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

void target_set(struct target *target, const char *url, const char *key, const char *body)
{
	char path[PATH_MAX_BYTES];
	int port, len;

	if (sscanf(url, "http://127.0.0.1:%d%255s", &port, path) != 2 || path[0] != '/')
		http_die("expected http://127.0.0.1:PORT/PATH", url);
	target->address = (struct sockaddr_in){.sin_family = AF_INET};
	target->address.sin_port = htons((uint16_t)port);
	target->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	len = snprintf(target->request, REQUEST_MAX,
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    path, port, key, strlen(body), body);
	if (len < 0 || len >= REQUEST_MAX)
		http_die("the key or the path is too long", url);
	target->request_len = (size_t)len;
}

void http_open(struct connection *connection, const struct target *target)
{
	const struct sockaddr *address = (const struct sockaddr *)&target->address;
	struct timeval patience = {PATIENCE_S, 0};
	int on = 1;

	connection->begin = connection->end = 0;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 || connect(connection->fd, address, sizeof(target->address)) != 0)
		http_die("cannot connect", strerror(errno));
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

void http_send(const struct connection *connection, const struct target *target)
{
	ssize_t sent = send(connection->fd, target->request, target->request_len, MSG_NOSIGNAL);

	if (sent != (ssize_t)target->request_len)
		http_die("a request was not taken", sent < 0 ? strerror(errno) : "as a whole");
}

static void read_more(struct connection *connection)
{
	ssize_t got;

	connection->end -= connection->begin;
	memmove(connection->buffer, connection->buffer + connection->begin, connection->end);
	connection->begin = 0;
	if (connection->end == BUFFER_SIZE)
		http_die("expected an end of line", "there is none");
	got = read(
	    connection->fd, connection->buffer + connection->end, BUFFER_SIZE - connection->end);
	connection->came = http_now_us();
	if (got <= 0)
		http_die("an answer ends early", got == 0 ? "it was cut off" : strerror(errno));
	connection->end += (size_t)got;
}

/* Without its end, and only valid until more is read. */
static char *read_line(struct connection *connection)
{
	char *line, *end;

	for (;;) {
		line = connection->buffer + connection->begin;
		end = memchr(line, '\n', connection->end - connection->begin);
		if (end != NULL)
			break;
		read_more(connection);
	}
	connection->begin += (size_t)(end + 1 - line);
	*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}

static void read_bytes(struct connection *connection, size_t count, const struct body *body)
{
	size_t len;

	while (count > 0) {
		if (connection->begin == connection->end)
			read_more(connection);
		len = connection->end - connection->begin;
		if (len > count)
			len = count;
		body->take(
		    body->ctx, connection->buffer + connection->begin, len, connection->came);
		connection->begin += len;
		count -= len;
	}
}

static void expect_empty_line(struct connection *connection)
{
	const char *line = read_line(connection);

	if (*line != '\0')
		http_die("expected an empty line", line);
}

static void read_chunks(struct connection *connection, const struct body *body)
{
	size_t size;

	while ((size = strtoul(read_line(connection), NULL, 16)) > 0) {
		read_bytes(connection, size, body);
		expect_empty_line(connection);
	}
	expect_empty_line(connection);
}

static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " ");
}

void http_read_answer(struct connection *connection, const struct body *body)
{
	const char *line = read_line(connection), *value;
	bool chunked = false, sized = false;
	size_t size = 0;

	if (strncmp(line, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")) != 0)
		http_die("expected an answer of HTTP/1.1 with status 200", line);
	while (*(line = read_line(connection)) != '\0') {
		if ((value = value_of(line, "Content-Length")) != NULL) {
			sized = true;
			size = strtoul(value, NULL, 10);
		} else if ((value = value_of(line, "Transfer-Encoding")) != NULL) {
			chunked = strcasecmp(value, "chunked") == 0;
		}
	}
	if (chunked)
		read_chunks(connection, body);
	else if (sized)
		read_bytes(connection, size, body);
	else
		http_die("expected an answer with a length", "it has none");
}
