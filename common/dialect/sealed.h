/*
 * What a provider wants back unchanged with its reasoning, as encrypted_content of a reasoning
 * item: "respool.KIND.ORIGIN.DATA". Others than the one that made it cannot read it, and refuse it.
 */
#ifndef RESPOOL_SEALED_H
#define RESPOOL_SEALED_H

#include <stdbool.h>

#include "common/base/buf.h"

enum sealed_kind {
	SEALED_SIGNATURE, /* of thinking that the item's summary shows */
	SEALED_OMITTED,   /* of thinking whose text the provider kept to itself */
	SEALED_REDACTED,  /* the data of redacted_thinking */
	SEALED_DETAILS,   /* a reasoning_details array (OpenRouter), as JSON text */
	SEALED_KINDS
};

/* Appends a JSON string. origin is a deployment's id, data decoded text. */
void sealed_write(struct buf *out, enum sealed_kind kind, const char *origin, struct span data);

/*
 * Reads one, a JSON string; appends its data, decoded, to out. False if it is none of ours, or of
 * another origin.
 */
bool sealed_read(struct span sealed, const char *origin, enum sealed_kind *kind, struct buf *out);

/* Whose a JSON string is if it is one of ours; *origin points into it. */
bool sealed_origin(struct span sealed, struct span *origin);

#endif
