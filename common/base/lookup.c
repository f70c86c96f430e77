#include "lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"

struct lookup {
	atomic_int holders; /* the thread and the loop: the last one frees it */
	char *host;
	int answered; /* an eventfd */
	struct event *event;
	lookup_fn *done;
	void *ctx;
	int error; /* of getaddrinfo() */
	char address[LOOKUP_ADDRESS_SIZE];
};

bool lookup_is_numeric(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void let_go(struct lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->holders, 1) > 1)
		return;
	close(lookup->answered);
	free(lookup->host);
	free(lookup);
}

/* As hiredis does: many a server listens on the older kind alone. */
static const struct addrinfo *choose(const struct addrinfo *found)
{
	const struct addrinfo *other = found;

	while (other != NULL && other->ai_family != AF_INET)
		other = other->ai_next;
	return other != NULL ? other : found;
}

static int write_address(struct lookup *lookup, const struct addrinfo *chosen)
{
	return getnameinfo(chosen->ai_addr, chosen->ai_addrlen, lookup->address,
	    sizeof(lookup->address), NULL, 0, NI_NUMERICHOST);
}

static void *look_up(void *ctx)
{
	struct lookup *lookup = ctx;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const uint64_t one = 1;

	lookup->error = getaddrinfo(lookup->host, NULL, &hints, &found);
	if (lookup->error == 0)
		lookup->error = write_address(lookup, choose(found));
	if (found != NULL)
		freeaddrinfo(found);
	if (write(lookup->answered, &one, sizeof(one)) < 0)
		abort(); /* an eventfd takes a one */
	let_go(lookup);
	return NULL;
}

static void on_answered(evutil_socket_t fd, short what, void *ctx)
{
	struct lookup *lookup = ctx;

	(void)fd;
	(void)what;
	event_free(lookup->event);
	if (lookup->error == 0)
		lookup->done(lookup->ctx, lookup->address, NULL);
	else
		lookup->done(lookup->ctx, NULL, gai_strerror(lookup->error));
	let_go(lookup);
}

/* Signals are for the loop's thread. */
static int start_thread(struct lookup *lookup)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, look_up, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		pthread_detach(thread);
	return error;
}

struct lookup *lookup_start(struct event_base *base, const char *host, lookup_fn *done, void *ctx)
{
	struct lookup *lookup = xcalloc(1, sizeof(*lookup));
	int error;

	atomic_init(&lookup->holders, 2);
	lookup->host = xstrdup(host);
	lookup->done = done;
	lookup->ctx = ctx;
	lookup->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	lookup->event = event_new(base, lookup->answered, EV_READ, on_answered, lookup);
	error = lookup->answered < 0 || lookup->event == NULL ? errno : start_thread(lookup);
	if (error == 0) {
		event_add(lookup->event, NULL);
		return lookup;
	}
	if (lookup->event != NULL)
		event_free(lookup->event);
	let_go(lookup);
	let_go(lookup);
	errno = error;
	return NULL;
}

void lookup_cancel(struct lookup *lookup)
{
	if (lookup == NULL)
		return;
	event_free(lookup->event);
	let_go(lookup);
}
