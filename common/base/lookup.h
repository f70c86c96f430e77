/*
 * Looking up a host's address without making an event loop wait: getaddrinfo(3), in a thread of its
 * own, asks whatever the system is told to ask, and may take many seconds.
 */
#ifndef RESPOOL_LOOKUP_H
#define RESPOOL_LOOKUP_H

#include <stdbool.h>

#include <event2/event.h>

enum { LOOKUP_ADDRESS_SIZE = 64 };

struct lookup;

/* address is a numeric one, of IPv4 if there is one, or NULL and error says why. Both are valid
 * during the call only. */
typedef void lookup_fn(void *ctx, const char *address, const char *error);

/* Whether the name is an address already. */
bool lookup_is_numeric(const char *host);

/*
 * Begins. done is called from the event loop, once, unless the lookup is cancelled before. NULL if
 * it cannot begin: errno says why.
 */
struct lookup *lookup_start(struct event_base *base, const char *host, lookup_fn *done, void *ctx);

/* Not to be called once done has been. The thread ends by itself. NULL is allowed. */
void lookup_cancel(struct lookup *lookup);

#endif
