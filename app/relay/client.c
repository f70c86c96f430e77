#include "client.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fastcgi.h>

#include "common/fastcgi/record_batch.h"

static void stop_watching(struct client *client)
{
	if (!client->watching)
		return;
	event_del(&client->readable);
	event_del(&client->writable);
	event_del(&client->watch_later);
	client->watching = false;
}

static void lose(struct client *client, bool stalled)
{
	if (client->lost)
		return;
	client->lost = true;
	stop_watching(client);
	client->user->gone(client->user->ctx, stalled);
}

/* The web server closes the connection, or sends a record that ends the request. */
static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;
	FCGI_Header header;
	ssize_t len = recv(fd, &header, sizeof(header), MSG_PEEK | MSG_DONTWAIT);

	(void)what;
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	/* Anything else is the next request's, and waits. */
	event_del(&client->readable);
	/* A web server that had not read all of the answer has reset the connection. */
	if (len <= 0 || (!client->ahead && len > (ssize_t)offsetof(FCGI_Header, type) &&
			    header.type == FCGI_ABORT_REQUEST))
		lose(client, false);
}

static void wait_for_room(struct client *client)
{
	struct timeval patience = {(time_t)client->patience, 0};

	event_add(&client->writable, &patience);
}

static void send_unsent(struct client *client)
{
	size_t left = client->unsent.len - client->sent;
	ssize_t done =
	    send(client->fd, client->unsent.data + client->sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (done < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		lose(client, false);
		return;
	}
	client->sent += done > 0 ? (size_t)done : 0;
	if (client->sent < client->unsent.len) {
		wait_for_room(client);
		return;
	}
	buf_free(&client->unsent);
	client->sent = 0;
	if (client->ended) {
		client->user->done(client->user->ctx);
	} else if (client->full) {
		client->full = false;
		client->user->room(client->user->ctx);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;

	(void)fd;
	if (what & EV_TIMEOUT)
		lose(client, true);
	else
		send_unsent(client);
}

static void on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;

	(void)fd;
	(void)what;
	event_add(&client->readable, NULL);
}

const struct timeval *client_watch_delay(struct event_base *base)
{
	static const struct timeval delay = {0, CLIENT_WATCH_MS * 1000};
	const struct timeval *common = event_base_init_common_timeout(base, &delay);

	return common != NULL ? common : &delay;
}

void client_open(struct client *client, struct event_base *base, const struct timeval *watch_delay,
    int fd, int request_id, double patience, const struct client_user *user)
{
	*client =
	    (struct client){.fd = fd, .request_id = request_id, .user = user, .patience = patience};
	event_assign(&client->readable, base, fd, EV_READ | EV_PERSIST, on_readable, client);
	event_assign(&client->writable, base, fd, EV_WRITE, on_writable, client);
	evtimer_assign(&client->watch_later, base, on_watch, client);
	evtimer_add(&client->watch_later, watch_delay);
	client->watching = true;
}

void client_close(struct client *client)
{
	stop_watching(client);
	buf_free(&client->unsent);
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

/* What has waited for long is not to be moved again and again. */
static void drop_sent(struct client *client)
{
	if (client->sent == 0)
		return;
	client->unsent.len -= client->sent;
	memmove(client->unsent.data, client->unsent.data + client->sent, client->unsent.len);
	client->sent = 0;
}

static void keep(struct client *client, const struct record_batch *batch)
{
	if (client->sent > client->unsent.len / 2)
		drop_sent(client);
	if (client->unsent.len == client->sent)
		wait_for_room(client);
	record_batch_copy_rest(batch, &client->unsent);
}

/* Sends the batch, or keeps it behind what waits already. False if the client is lost. */
static bool send_batch(struct client *client, struct record_batch *batch)
{
	if (client->unsent.len == client->sent) {
		switch (record_batch_send(batch, client->fd)) {
		case BATCH_SENT:
			return true;
		case BATCH_WAITS:
			break;
		case BATCH_FAILED:
			lose(client, false);
			return false;
		}
	}
	keep(client, batch);
	record_batch_init(batch, client->request_id);
	return true;
}

static void send_parts(struct client *client, struct span head, struct span body, bool is_last)
{
	struct record_batch batch;

	record_batch_init(&batch, client->request_id);
	record_batch_add(&batch, &head);
	record_batch_add(&batch, &body);
	while (head.len + body.len > 0) {
		if (!send_batch(client, &batch))
			return;
		record_batch_add(&batch, &head);
		record_batch_add(&batch, &body);
	}
	if (is_last)
		record_batch_end(&batch);
	send_batch(client, &batch);
}

bool client_send(struct client *client, struct span head, struct span body)
{
	if (!client->lost)
		send_parts(client, head, body, false);
	if (client_waiting(client) >= CLIENT_FULL)
		client->full = true;
	return !client->lost;
}

void client_send_last(struct client *client, struct span head, struct span body)
{
	if (client->lost)
		return;
	client->ended = true;
	send_parts(client, head, body, true);
	if (!client->lost && client->unsent.len == 0)
		client->user->done(client->user->ctx);
}

/* Whether all that waits has gone out: else it is cut within a record. */
static bool send_rest(const struct client *client)
{
	size_t left = client->unsent.len - client->sent;

	return left == 0 || send(client->fd, client->unsent.data + client->sent, left,
				MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)left;
}

/*
 * The web server is to see that the answer is not whole: it ends without a record that says so.
 * Some take even that for an end; the header of a record that no version of FastCGI has, none does.
 */
void client_cut_off(struct client *client)
{
	static const char no_record[FCGI_HEADER_LEN];

	stop_watching(client);
	if (send_rest(client) && !client->ended)
		send(client->fd, no_record, sizeof(no_record), MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(client->fd, SHUT_RDWR);
	client_close(client);
	client->lost = true;
}

size_t client_waiting(const struct client *client)
{
	return client->unsent.len - client->sent;
}

bool client_is_full(const struct client *client)
{
	return client->full;
}

int client_take_connection(struct client *client)
{
	int fd = client->fd;

	stop_watching(client);
	client->fd = -1;
	return fd;
}
