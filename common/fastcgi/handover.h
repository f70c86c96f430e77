/*
 * What a responder hands over to a relay: a FastCGI connection (SCM_RIGHTS, unix(7)) with the
 * request that it has read from it, in one message over a SOCK_SEQPACKET pair. What does not fit in
 * a message goes in a file in memory beside the connection. And what comes back: a connection that
 * the web server has kept, when the next request is on it.
 */
#ifndef RESPOOL_HANDOVER_H
#define RESPOOL_HANDOVER_H

#include <stdbool.h>

#include "common/base/buf.h"

enum { HANDOVER_INLINE = 16384 }; /* bytes of a request that goes in the message itself */

enum handover_flag {
	HANDOVER_KEEP = 0x1,      /* the web server wants to use the connection again */
	HANDOVER_NO_BODY = 0x2,   /* the request is a HEAD */
	HANDOVER_CREATES = 0x4,   /* a new response; otherwise it is about one that exists */
	HANDOVER_STREAMS = 0x8,   /* a stream is asked for */
	HANDOVER_REMEMBER = 0x10, /* the id of the answer is to be remembered as the tenant's */
	HANDOVER_FORGET = 0x20,   /* forget_id is to be forgotten when the provider has agreed */
	HANDOVER_STAY = 0x40,     /* no other deployment can answer */
	HANDOVER_ONLY = 0x80,     /* likewise, and no fallback: it is about that one's response */
	HANDOVER_IDLE = 0x100,    /* no request at all: a kept connection on which nothing is */
	HANDOVER_FOLLOWS = 0x200, /* the events of a background response: followed_id, after */
	/* With HANDOVER_CREATES: something else, by deployments that have the path themselves. */
	HANDOVER_UNTRANSLATED = 0x400,
	HANDOVER_VERBATIM = 0x800, /* the body goes as it is, and names no model */
};

/* Texts are never NULL, "" if there is nothing. */
struct handover {
	int fcgi_id;    /* of the request on its connection */
	unsigned flags; /* enum handover_flag */

	const char *request_id; /* that the answer carries */
	const char *tenant;
	const char *method;
	const char *path;  /* under a deployment's base */
	const char *query; /* without "?" */
	const char *accept;
	const char *model;      /* by which deployments are chosen */
	const char *deployment; /* the id of the one to begin with */
	const char *headers;    /* of the client's that the provider gets: "Name: value\n" each */
	const char *forget_id;
	/* The background response that the request continues; body has what it stands for. */
	const char *continued_id;
	/* What the request asks of the gateway: an object of gateway_members_write(). */
	const char *obeyed;
	/* The one whose events are asked for, and the number of the last that the client has. */
	const char *followed_id;
	const char *after;          /* decimal; "" if it has none */
	const char *answer_headers; /* that its stream has as well: "Name: value\r\n" each */

	/*
	 * Of the request, as JSON that names the client's model. With HANDOVER_FOLLOWS it is the
	 * text of event 0, if the response has just been created, else empty.
	 */
	struct span body;
	struct span unread; /* what has been read from the connection behind the request */

	/* What the others point into, once received; NULL in one that is sent. */
	char *memory;
	char *body_memory;
};

enum handed {
	HANDED_OVER,
	HANDED_BUSY,   /* nobody has taken earlier ones for as long as the caller waits */
	HANDED_FAILED, /* errno says why */
};

/* Sends it with the connection, which stays the caller's. Waits up to wait_ms for room. */
enum handed handover_send(int line, const struct handover *handover, int connection, int wait_ms);

enum received_handover {
	HANDOVER_RECEIVED,
	HANDOVER_NONE, /* waits on the line */
	HANDOVER_LOST, /* one could not be taken, and its connection is closed; it is logged */
	HANDOVER_END,  /* nobody is left who could send one */
};

/*
 * Takes the next one, to be freed with handover_free(), and its connection, which is the caller's
 * then. The line must not block.
 */
enum received_handover handover_receive(int line, struct handover *handover, int *connection);
void handover_free(struct handover *handover);
/* Frees the body alone: it is not needed any more. */
void handover_free_body(struct handover *handover);

/*
 * Gives a connection back, with what has been read from it already; false if there is no room now.
 * unread is cut at 65536 bytes: it was never more.
 */
bool handover_give_back(int line, int connection, struct span unread);

/*
 * Takes a connection that was given back, or -1 if there is none. Puts what was read from it into
 * out, which has room for size bytes, and its length into *len.
 */
int handover_take_back(int line, char *out, size_t size, size_t *len);

#endif
