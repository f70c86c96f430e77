/* How a responder reaches the relays. */
#ifndef RESPOOL_RELAY_ACCESS_H
#define RESPOOL_RELAY_ACCESS_H

#include <stdbool.h>

#include "common/fastcgi/relay_lines.h"

struct relay_access {
	struct relay_lines *lines;
	/*
	 * Of relays that this process starts by itself; all NULL where its parent does. ensure sees
	 * to it that the relay runs; handle is a descriptor that becomes readable when it has
	 * ended, or -1 while none runs; reload passes SIGHUP on, tell SIGUSR2.
	 */
	bool (*ensure)(void *ctx, int relay);
	int (*handle)(void *ctx, int relay);
	void (*reload)(void *ctx);
	void (*tell)(void *ctx);
	void *ctx;
};

#endif
