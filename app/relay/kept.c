#include "kept.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event_struct.h>

#include "common/base/alloc.h"
#include "common/fastcgi/handover.h"

enum { FULL_MS = 5 }; /* before the way back is tried again when it has no room */

struct kept_connection {
	struct kept *kept;
	TAILQ_ENTRY(kept_connection) link;
	struct event event; /* a request or the end; or another try */
	struct buf unread;
	int fd;
};

static void drop(struct kept_connection *connection)
{
	event_del(&connection->event);
	TAILQ_REMOVE(&connection->kept->list, connection, link);
	connection->kept->count--;
	close(connection->fd);
	buf_free(&connection->unread);
	free(connection);
}

static void on_event(evutil_socket_t fd, short what, void *ctx);

static void watch(struct kept_connection *connection, short what)
{
	static const struct timeval delay = {0, FULL_MS * 1000};

	event_assign(&connection->event, connection->kept->base,
	    what == EV_READ ? connection->fd : -1, what, on_event, connection);
	event_add(&connection->event, what == EV_READ ? NULL : &delay);
}

static void give_back(struct kept_connection *connection)
{
	if (handover_give_back(
		connection->kept->to_responders, connection->fd, buf_span(&connection->unread)))
		drop(connection);
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		watch(connection, EV_TIMEOUT);
	else
		drop(connection);
}

static void on_event(evutil_socket_t fd, short what, void *ctx)
{
	struct kept_connection *connection = ctx;
	char byte;
	ssize_t len;

	(void)fd;
	(void)what;
	if (connection->unread.len > 0) {
		give_back(connection);
		return;
	}
	len = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (len > 0)
		give_back(connection);
	else if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		watch(connection, EV_READ);
	else
		drop(connection);
}

void kept_open(struct kept *kept, struct event_base *base, int to_responders)
{
	*kept = (struct kept){.base = base, .to_responders = to_responders};
	TAILQ_INIT(&kept->list);
}

void kept_close(struct kept *kept)
{
	while (!TAILQ_EMPTY(&kept->list))
		drop(TAILQ_FIRST(&kept->list));
}

void kept_add(struct kept *kept, int fd, struct span unread)
{
	struct kept_connection *connection = xcalloc(1, sizeof(*connection));

	if (kept->most > 0 && kept->count >= kept->most)
		drop(TAILQ_FIRST(&kept->list));
	connection->kept = kept;
	connection->fd = fd;
	buf_append_span(&connection->unread, unread);
	TAILQ_INSERT_TAIL(&kept->list, connection, link);
	kept->count++;
	watch(connection, EV_READ);
	if (unread.len > 0)
		event_active(&connection->event, EV_READ, 0);
}
