/*
 * What of a stream of events that passes only its maker can read: the encrypted_content of items
 * that are done, and of those of the response at its end: if no item has come before, or if some
 * have that have a content, which may be another one at the end. Of the lines only their beginning
 * is looked at, but of those of such events.
 */
#ifndef RESPOOL_SEALED_LINES_H
#define RESPOOL_SEALED_LINES_H

#include <stdbool.h>

#include "common/base/buf.h"

/* content is a JSON string as it is spelled, valid during the call only. It may come twice. */
typedef void sealed_line_fn(void *ctx, struct span content);

struct sealed_lines {
	sealed_line_fn *found;
	void *ctx;
	struct buf line;  /* what has come of the open line */
	bool passing;     /* the open line is none that is looked at */
	bool has_content; /* one that was looked at may have some */
	bool is_plain;    /* some were looked at, and none has any */
};

void sealed_lines_open(struct sealed_lines *lines, sealed_line_fn *found, void *ctx);
/* event_lines.on_line, for the sealed_lines that are its context. */
void sealed_lines_note(void *ctx, struct span piece, bool ends);
/* A zeroed one may be closed. */
void sealed_lines_close(struct sealed_lines *lines);

#endif
