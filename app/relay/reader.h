/*
 * One client that follows a background response: its connection, which event it gets next, and the
 * comment lines that keep the connection alive while there is none.
 */
#ifndef RESPOOL_READER_H
#define RESPOOL_READER_H

#include <stdbool.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "client.h"
#include "common/fastcgi/handover.h"
#include "common/response/api_error.h"
#include "reader_host.h"

struct reader {
	struct reader_host *host;
	struct followed *followed; /* NULL if it is refused at once */
	LIST_ENTRY(reader) link; /* of followed->readers or host->refused; at last of host->over */
	long long next;          /* the number of the event that it gets next */

	/* The rest is reader.c's. */
	struct handover request;
	struct client_user client_user;
	struct client client;
	struct event quiet;
	long long heard_ms; /* when something was last sent to it */
	int keepalive_ms;
	size_t waiting; /* its part of host->waiting */
	bool begun;     /* its head has gone out */
	bool ended;     /* the end of its answer has */
	bool over;
};

/*
 * Takes handover and connection over, for a response that it follows from now on, or NULL if it is
 * to be refused. A first event that the handover has is sent, which may end the reader. Without
 * one, it waits for a second to be served, and is told then that Redis is away.
 */
struct reader *reader_open(
    struct reader_host *host, struct followed *followed, struct handover *handover, int connection);
/* Closes the connection, unless that was given to host->ended. */
void reader_free(struct reader *reader);

/* Whether something can be sent now. If not, followed_serve() is called when it can. */
bool reader_has_room(const struct reader *reader);

/*
 * All of these need room, and may end the reader: it is no longer followed->readers' then. Should
 * all who lag hold too much, one to whom this adds is cut off, and can come again.
 *
 * Sends whole events, or nothing but the head of the answer; next is the number of the one behind
 * them.
 */
void reader_send(struct reader *reader, struct span events, long long next);
/* Sends the last of them and the end of the answer. */
void reader_send_last(struct reader *reader, struct span events);
/* The answer is this error if it has not begun; else it just ends. */
void reader_fail(struct reader *reader, const struct api_error *error);
/*
 * The same, but an answer that has begun breaks off, and so does an error that is not taken at
 * once: the reader has ended then.
 */
void reader_break_off(struct reader *reader, const struct api_error *error);

#endif
