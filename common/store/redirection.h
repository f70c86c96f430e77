/*
 * What a server of a Redis Cluster answers when a command is not for it, or not for now ("Redis
 * cluster specification", Redirection and resharding).
 */
#ifndef RESPOOL_REDIRECTION_H
#define RESPOOL_REDIRECTION_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "redis_address.h"

enum redirection_kind {
	REDIRECTION_NONE,  /* the reply is what was asked for, or another error */
	REDIRECTION_MOVED, /* the slot is another server's */
	REDIRECTION_ASK,   /* the same for this one time, and ASKING is to be sent first */
	REDIRECTION_LATER, /* nothing was done; again in a moment: TRYAGAIN, CLUSTERDOWN, LOADING,
			      MASTERDOWN */
};

struct redirection {
	enum redirection_kind kind;
	int slot;                /* of MOVED and ASK */
	struct redis_address to; /* of MOVED and ASK */
};

/*
 * asked is the server that has given the reply, and stands for a host that the reply does not name.
 * Returns the kind.
 */
enum redirection_kind redirection_read(
    struct redirection *redirection, const redisReply *reply, const struct redis_address *asked);

#endif
