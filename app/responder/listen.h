/* The listening socket: one of our own, or the descriptor 0 that FastCGI hands over. */
#ifndef RESPOOL_LISTEN_H
#define RESPOOL_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

struct listener {
	int fd;
	char *path; /* of a unix socket that we made; NULL otherwise */
	dev_t dev;  /* which file that was: another program may have put its own there since */
	ino_t ino;
};

/* Whether address reads as "unix:PATH" or "HOST:PORT", where HOST may be an IPv6 address in []. */
bool listen_address_valid(const char *address);

/*
 * Opens a socket that listens on address. A unix socket that nobody listens on any more is
 * replaced; the new one has mode 0666 less the umask. Returns false after logging why.
 */
bool listen_open(struct listener *listener, const char *address);
/* Takes descriptor 0. Returns false if it is not a listening socket. */
bool listen_inherit(struct listener *listener);
/* In a child that does not listen: closes its descriptor; /dev/null takes the place of 0. */
void listen_leave(int listen_fd);
/* Closes the socket and removes the unix socket that listen_open() made. */
void listen_close(struct listener *listener);

/*
 * Accepts a connection without waiting; the listening descriptor must not block. Connections from
 * addresses that $FCGI_WEB_SERVER_ADDRS does not list are closed (FastCGI 1.0, section 3.2). It
 * does not block either. Returns -1 with errno EAGAIN if there was none, or another errno.
 */
int listen_accept(int listen_fd);

#endif
