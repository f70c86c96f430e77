/*
 * While a responder waits for a provider, it also looks whether its client is still there, and
 * whether the process is to end.
 */
#ifndef RESPOOL_CLIENT_WATCH_H
#define RESPOOL_CLIENT_WATCH_H

#include <poll.h>
#include <stdbool.h>

/* How the process learns of signals, which come in through a descriptor. */
struct signal_source {
	int fd;
	/* Reads what has come, if anything; returns whether the process is to end. */
	bool (*take)(void *ctx);
	void *ctx;
};

enum watch_result {
	WATCH_GO_ON,
	WATCH_CLIENT_GONE,
	WATCH_PROCESS_ENDS, /* and the time that it had left is over */
};

enum { WATCH_FDS = 2 };

struct client_watch {
	const struct signal_source *signals;
	double drain_seconds; /* that a wait may go on once the process is to end */
	int client_fd;        /* the FastCGI connection */
	bool client_gone;
	bool ending;
	double ends_at; /* s, of the monotonic clock */
};

/* To be called when the whole request has been read: whatever else comes says that it is over. */
void client_watch_begin(struct client_watch *watch, const struct signal_source *signals,
    int client_fd, double drain_seconds);

/* Puts what is to be waited for into fds; the rest is done by client_watch_look(). */
void client_watch_fds(const struct client_watch *watch, struct pollfd fds[WATCH_FDS]);
/* Looks at what poll() has found, and at the time. */
enum watch_result client_watch_look(struct client_watch *watch, const struct pollfd fds[WATCH_FDS]);

/* Waits for so long, unless one of those ends it. */
enum watch_result client_watch_pause(struct client_watch *watch, double seconds);

#endif
