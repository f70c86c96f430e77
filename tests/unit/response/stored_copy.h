/* The copy of a document that Redis would hold: changed by nothing but the document's patches. */
#ifndef RESPOOL_STORED_COPY_H
#define RESPOOL_STORED_COPY_H

#include <stdbool.h>

#include "common/response/document.h"

struct stored_copy {
	struct buf text;
	size_t bytes_written; /* in all flushes */
	size_t rewrites;      /* flushes of the whole text */
};

void stored_copy_free(struct stored_copy *copy);

/* Writes what differs, as SET or SETRANGE would, and marks the document stored. */
void stored_copy_flush(struct stored_copy *copy, struct document *doc);
/* Whether the copy is the document's text. */
bool stored_copy_is(const struct stored_copy *copy, const struct document *doc);

#endif
