/*
 * A provider's answer on its way to the client: status, body and some of the headers as they are,
 * unless it is translated (translated.h): then body and status are what is made of it.
 * An event stream is handed on as it comes, everything else once it is whole. Until the first byte
 * has gone out, the answer can be dropped and that of another deployment be taken.
 */
#ifndef RESPOOL_ANSWER_H
#define RESPOOL_ANSWER_H

#include <stdbool.h>

#include <curl/curl.h>

#include "client.h"
#include "common/base/buf.h"
#include "common/base/sse.h"
#include "common/fastcgi/cgi_head.h"
#include "common/provider/secret.h"
#include "event_lines.h"
#include "sealed_lines.h"

struct answer {
	struct client *client;
	const char *request_id;        /* that the client's answer carries */
	bool without_body;             /* it is one to a HEAD request */
	bool is_chat;                  /* a stream of it is one of Chat Completions */
	const struct secrets *secrets; /* to be kept out of the answer */
	/*
	 * Whether a body of so many bytes may be held until it is whole; from where it may not, it
	 * goes out as it comes.
	 */
	bool (*may_hold)(void *ctx, size_t len);
	/*
	 * Called with a created response's id before the client sees it. If it returns true,
	 * nothing goes out until answer_go_on(). NULL if nobody asks.
	 */
	bool (*on_id)(void *ctx, struct span id);
	/* The same with the encrypted_content of an item, a JSON string as it is spelled. */
	bool (*on_sealed)(void *ctx, struct span content);
	void *ctx;
	/*
	 * Nothing of a stream goes out before its first event, as another deployment is asked if
	 * that does not come in time: its beginning is held as a body is.
	 */
	bool awaits_event;

	/* The rest belongs to answer.c. */
	CURL *easy;  /* NULL where the body is made here */
	long status; /* of the answer that is coming in; 0 before its head */
	bool is_stream;
	bool begun;   /* something goes to the client: it cannot be dropped any more */
	bool held_up; /* until answer_go_on() */
	int events_to_read;
	struct buf body; /* what is held */
	struct buf out;  /* what goes to the client with the next flush */
	struct cgi_head head;
	struct sse_parser events;
	struct sealed_lines sealed;
	struct secret_mask mask;
	struct event_lines lines;
};

/* Both may be called once for each answer that comes in; a zeroed one may be closed. */
void answer_open(struct answer *answer);
void answer_close(struct answer *answer);

/* What comes in (errand.h). */
void answer_on_head(struct answer *answer, CURL *easy, long status);
/*
 * The same for a body that is made of what comes in: of this type, and a stream or not. easy may be
 * NULL, and else need only be valid during the call.
 */
void answer_on_made_head(
    struct answer *answer, CURL *easy, long status, const char *type, bool is_stream);
bool answer_on_body(struct answer *answer, struct span bytes);
/* Sends what has gathered. False if the client is lost. */
bool answer_flush(struct answer *answer);

/* Lets out what on_id or on_sealed has held up. */
bool answer_go_on(struct answer *answer);

/*
 * The answer has come whole, as far as it has not gone out already: reads the id and the items of
 * one that is no stream, by which it may be held up.
 */
void answer_note_whole(struct answer *answer);
/* Sends the rest of a whole answer that is not held up, and its end. */
void answer_finish(struct answer *answer);
/*
 * The answer broke off after its first bytes have gone out: tells the client by an event of the
 * type "error", or as Chat Completions do, and ends it. False if there is no place for that: then
 * its connection has to break off as well.
 */
bool answer_break_off(
    struct answer *answer, const char *type, const char *code, const char *message);

/* The stream's last event has gone out, whatever becomes of it now. */
bool answer_is_complete(const struct answer *answer);

#endif
