/*
 * The client of one request in a relay: its FastCGI connection, to which records are written
 * without ever waiting. What the client does not take at once is kept, and its owner is told when
 * there is too much of that, so that it stops what brings it.
 */
#ifndef RESPOOL_CLIENT_H
#define RESPOOL_CLIENT_H

#include <stdbool.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/base/buf.h"

enum {
	/* Bytes that wait for a client before what brings them is to stop, until all are gone. */
	CLIENT_FULL = 16384,
	/* ms until it is looked whether it has left: most answers have ended by then. */
	CLIENT_WATCH_MS = 20,
};

struct client_user {
	/* It has left, or has stalled: taken nothing for too long. Nothing more can be sent. */
	void (*gone)(void *ctx, bool stalled);
	/* It has taken all that waited; called after client_is_full() was true. */
	void (*room)(void *ctx);
	/* All that there was has been sent, the end of the response included. */
	void (*done)(void *ctx);
	void *ctx;
};

struct client {
	int fd; /* the connection; -1 once taken away */
	int request_id;
	const struct client_user *user;
	double patience; /* s that it may take nothing */
	/*
	 * A part of the next request has been read already: what comes now does not begin with a
	 * record's header. Set after client_open().
	 */
	bool ahead;

	/* The rest is client.c's. */
	struct event readable, writable; /* the second also tells that patience is over */
	struct event watch_later;
	struct buf unsent;
	size_t sent; /* bytes at the beginning of unsent that are gone */
	bool watching;
	bool full;
	bool ended;
	bool lost;
};

/* How long CLIENT_WATCH_MS is for the timers of all clients; to be asked once for each loop. */
const struct timeval *client_watch_delay(struct event_base *base);

/* Takes the connection, whose socket does not block. Calls come from the event loop alone. */
void client_open(struct client *client, struct event_base *base, const struct timeval *watch_delay,
    int fd, int request_id, double patience, const struct client_user *user);
/* Closes the connection, unless it was taken away. A zeroed client with fd -1 may be closed. */
void client_close(struct client *client);

/* Sends both, or keeps what cannot be sent now. False if the client is lost. */
bool client_send(struct client *client, struct span head, struct span body);

/* Sends both and the end of the response; done() follows when all has been sent. */
void client_send_last(struct client *client, struct span head, struct span body);

/*
 * Makes it plain to the web server that the response is not whole, as far as the connection takes
 * it at once, and closes the connection. done() does not follow.
 */
void client_cut_off(struct client *client);

/* How many bytes wait. */
size_t client_waiting(const struct client *client);

/* Whether so much waits that what brings it is to stop until room() is called. */
bool client_is_full(const struct client *client);

/* The connection, as the caller's: the response has ended on it. */
int client_take_connection(struct client *client);

#endif
