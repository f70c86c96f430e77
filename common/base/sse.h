/*
 * Server-sent events, the framing part (WHATWG HTML, section 9.2.6 "Interpreting an event stream"):
 * lines end in LF, CR or CRLF, data lines of one event are joined by LF, comments and a leading
 * byte-order mark are skipped, one blank after the colon is dropped. Of the fields only data is
 * looked at; an event without data is none. Bytes may arrive split anywhere, and the cost is linear
 * in their number however they are split. An event that lies whole in the bytes given is handed on
 * without a copy; of one that is_idle leaves out no more than its beginning is copied.
 */
#ifndef RESPOOL_SSE_H
#define RESPOOL_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * Called with the data of each event; it is valid during the call only. False stops the parser, and
 * may be returned even after sse_free().
 */
typedef bool sse_event_fn(void *ctx, struct span data);

/*
 * Whether an event is to be left out, by how its data begins: of a long one SSE_BEGINNING bytes or
 * a little more, less than its whole.
 */
typedef bool sse_idle_fn(struct span beginning);

enum { SSE_BEGINNING = 128 };

struct sse_parser {
	sse_event_fn *on_event;
	void *ctx;
	sse_idle_fn *is_idle; /* NULL: every event is wanted; the owner's to set */
	size_t max_event;     /* bytes of one line without its end, and of one event's data */
	struct buf line;      /* the part of a line whose end has not arrived */
	struct buf data;      /* the data lines of an event that is not finished */
	bool have_data;
	bool begun;    /* is_idle has been asked about the open line */
	bool passing;  /* its rest is passed over */
	bool idle;     /* the open event is left out */
	bool after_cr; /* the last byte was CR; an LF that follows belongs to it */
	bool started;  /* past the place where a byte-order mark may stand */
};

/* After anything but SSE_OK a parser is only good for sse_free(). */
enum sse_result {
	SSE_OK,
	SSE_STOPPED,  /* on_event returned false; the rest was not looked at */
	SSE_TOO_LONG, /* a line or an event's data is longer than max_event */
};

void sse_init(struct sse_parser *sse, size_t max_event, sse_event_fn *on_event, void *ctx);
void sse_free(struct sse_parser *sse);
enum sse_result sse_feed(struct sse_parser *sse, struct span bytes);
/*
 * The stream has ended properly: hands on an event that only lacks its closing blank line, or also
 * the end of its last line. Nothing may be fed afterwards.
 */
enum sse_result sse_end(struct sse_parser *sse);

#endif
