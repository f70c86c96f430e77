/* The id of a tool's call in the form that a provider takes. */
#ifndef RESPOOL_CALL_ID_H
#define RESPOOL_CALL_ID_H

#include "common/base/buf.h"

enum call_id_form {
	CALL_ID_SHORT, /* at most 64 bytes (OpenAI) */
	CALL_ID_WORD,  /* [A-Za-z0-9_-]+, at most 64 (Anthropic) */
	CALL_ID_NINE,  /* exactly 9 of [A-Za-z0-9] (Mistral) */
};

/*
 * Appends the id, decoded, or if it is not of that form one that is made of it by a hash: the same
 * for the same id, so that a call and its output still belong together.
 */
void call_id_write(struct buf *out, enum call_id_form form, struct span id);

#endif
