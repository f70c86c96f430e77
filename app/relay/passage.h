/*
 * A request that is passed through: from the responder's message to the last byte that its client
 * gets. It asks one deployment after the other until the client can be answered (errand.h), and
 * answers it (answer.h).
 */
#ifndef RESPOOL_PASSAGE_H
#define RESPOOL_PASSAGE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/fastcgi/handover.h"
#include "common/provider/errand.h"
#include "common/provider/roster.h"
#include "common/store/relay_store.h"

struct passage;
LIST_HEAD(passage_list, passage);

/* What all passages of a relay share. */
struct passage_host {
	struct errand_host errand;
	struct roster *roster;     /* for passages that begin; each holds its own */
	struct relay_store *store; /* NULL if no Redis is configured */
	/*
	 * One has ended. connection is the callee's if the web server has kept it, with what was
	 * read from it; else -1. passages_reap() is to be called soon, from the event loop.
	 */
	void (*ended)(void *ctx, int connection, struct span unread);
	void *ctx;

	/* The rest is the passages' own; count may be looked at. */
	const struct timeval *watch_delay;
	struct passage_list open, over;
	int count;          /* of those that are open */
	size_t held_bytes;  /* of answers that wait until they are whole, or are taken */
	size_t asked_bytes; /* of requests that may have to be sent again */
};

/* Makes ready one whose members above are set. */
void passage_host_init(struct passage_host *host);
/* Frees all passages, and closes their connections. */
void passage_host_close(struct passage_host *host);

/* Whether there is room for the bytes of one more request. */
bool passage_has_room(const struct passage_host *host, const struct handover *handover);
/* Takes handover and connection over, and begins. */
void passage_start(struct passage_host *host, struct handover *handover, int connection);
/*
 * The same, and answers at once that this is one more than most, the number of those that may be
 * passed through, or that there is no room for it.
 */
void passage_refuse(struct passage_host *host, struct handover *handover, int connection, int most);

/* The process ends: tells all clients so; those that have been told all already are let go of. */
void passages_break_off(struct passage_host *host);
/* host->store is to be freed: nobody waits for it any longer. */
void passages_leave_store(struct passage_host *host);
/* Tells the log what they are at: of each a line, of so many at most. */
void passages_report(const struct passage_host *host, int most);
/* Frees those that have ended. */
void passages_reap(struct passage_host *host);

#endif
