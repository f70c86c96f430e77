/*
 * A provider's answer on its way to the client: status, body and some of the headers as they are.
 * An event stream is handed on as it comes, everything else once it is whole. Until the first byte
 * has gone out, the answer can be dropped and that of another deployment be taken.
 */
#ifndef RESPOOL_RELAY_H
#define RESPOOL_RELAY_H

#include <stdbool.h>

#include <curl/curl.h>

#include "common/base/buf.h"
#include "common/base/sse.h"
#include "reply.h"
#include "common/provider/secret.h"

enum { RELAY_LINE_MAX = 56 };

struct relay {
	struct reply *reply;
	const struct secrets *secrets; /* to be kept out of the answer */
	size_t max_held;               /* bytes of a body that are held until it is whole */
	/* Called with a created response's id before the client sees it; NULL if nobody asks. */
	void (*on_id)(void *ctx, struct span id);
	void *ctx;

	/* The rest belongs to relay.c. */
	CURL *easy;
	long status; /* of the answer that is coming in; 0 before its head */
	bool is_stream;
	bool begun;    /* the client has been sent the head */
	bool complete; /* the stream's last event has been sent, whatever becomes of it now */
	int events_to_read;
	struct buf *body; /* what is held */
	struct sse_parser events;
	struct secret_mask mask;
	char line[RELAY_LINE_MAX]; /* how the line begins that is being sent */
	size_t line_len;
	bool after_blank; /* a blank line stands before it, or nothing */
	bool last_event;  /* it belongs to the stream's last event */
};

/* body is room for what is held; it must outlive *relay. */
void relay_open(struct relay *relay, struct buf *body);
void relay_close(struct relay *relay);

/* What a direct call has for it (direct_call.h). */
void relay_on_head(struct relay *relay, CURL *easy, long status);
bool relay_on_body(struct relay *relay, struct span bytes);
bool relay_on_idle(struct relay *relay);

/* The answer is whole: sends what has not gone out yet. */
void relay_finish(struct relay *relay);
/*
 * The answer broke off after its first bytes have gone out: tells the client. False if there is no
 * place for that: then the client's connection has to break off as well.
 */
bool relay_break_off(struct relay *relay, const char *code, const char *message);

#endif
