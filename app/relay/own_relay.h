/*
 * The relays of a process that has no parent of ours: started when they are first needed, again
 * when they have died, and ended after it.
 */
#ifndef RESPOOL_OWN_RELAY_H
#define RESPOOL_OWN_RELAY_H

#include <stdbool.h>

#include "common/fastcgi/relay_lines.h"

struct own_relays {
	struct relay_lines *lines;
	/* Runs the relay in the child; its exit status. */
	int (*run)(void *ctx, int relay);
	void *ctx;
	int grace_seconds; /* that a relay has to end before it is killed */

	/* The rest is own_relay.c's. */
	struct own_relay *relays; /* by number */
};

void own_relays_init(struct own_relays *relays);

/*
 * Sees to it that this relay runs, at the latest after a second if it has just died: a request on
 * its line waits. False, after logging why, if it could not be started.
 */
bool own_relay_ensure(struct own_relays *relays, int relay);
/* A descriptor that becomes readable when it ends; -1 if it does not run. */
int own_relay_handle(const struct own_relays *relays, int relay);

/* On a reload: they read the configuration as well. */
void own_relays_reload(const struct own_relays *relays);
/* They tell the log what they are at. */
void own_relays_tell(const struct own_relays *relays);

/*
 * Tells them to end, waits for that, and frees what is held. A signal that ends this process, which
 * is blocked, tells them to be quick.
 */
void own_relays_stop(struct own_relays *relays);

#endif
