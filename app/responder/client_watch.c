#include "client_watch.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include <fastcgi.h>

#include "common/base/clock.h"

enum { LONGEST_POLL_MS = 1000 };

static void take_signals(struct client_watch *watch)
{
	if (watch->ending || !watch->signals->take(watch->signals->ctx))
		return;
	watch->ending = true;
	watch->ends_at = monotonic_seconds() + watch->drain_seconds;
}

void client_watch_begin(struct client_watch *watch, const struct signal_source *signals,
    int client_fd, double drain_seconds)
{
	*watch = (struct client_watch){
	    .signals = signals, .drain_seconds = drain_seconds, .client_fd = client_fd};
	/* The signal may have been taken before this request was. */
	take_signals(watch);
}

/* poll() passes over a negative descriptor. */
void client_watch_fds(const struct client_watch *watch, struct pollfd fds[WATCH_FDS])
{
	fds[0] = (struct pollfd){.fd = watch->client_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = watch->ending ? -1 : watch->signals->fd, .events = POLLIN};
}

/* The web server closes the connection, or sends a record that ends the request. */
static void look_at_client(struct client_watch *watch)
{
	FCGI_Header header;
	ssize_t len = recv(watch->client_fd, &header, sizeof(header), MSG_PEEK | MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	/* A web server that had not read all of the answer has reset the connection. */
	watch->client_gone = len <= 0 || (len > (ssize_t)offsetof(FCGI_Header, type) &&
					     header.type == FCGI_ABORT_REQUEST);
	/* Anything else is the next request's, and waits. */
	watch->client_fd = -1;
}

enum watch_result client_watch_look(struct client_watch *watch, const struct pollfd fds[WATCH_FDS])
{
	if (fds[0].fd >= 0 && fds[0].revents != 0)
		look_at_client(watch);
	if (fds[1].fd >= 0 && fds[1].revents != 0)
		take_signals(watch);
	if (watch->client_gone)
		return WATCH_CLIENT_GONE;
	if (watch->ending && monotonic_seconds() >= watch->ends_at)
		return WATCH_PROCESS_ENDS;
	return WATCH_GO_ON;
}

enum watch_result client_watch_pause(struct client_watch *watch, double seconds)
{
	double until = monotonic_seconds() + seconds, left = seconds;
	enum watch_result result = WATCH_GO_ON;
	struct pollfd fds[WATCH_FDS];

	while (result == WATCH_GO_ON && left > 0) {
		int ms = left < LONGEST_POLL_MS / 1000.0 ? (int)(left * 1000) + 1 : LONGEST_POLL_MS;

		client_watch_fds(watch, fds);
		poll(fds, WATCH_FDS, ms);
		result = client_watch_look(watch, fds);
		left = until - monotonic_seconds();
	}
	return result;
}
