/*
 * The reasoning_details of an answer (OpenRouter), gathered to go back to where they came from:
 * the pieces of a text that a stream has are one element again, or the provider refuses them.
 */
#ifndef RESPOOL_CHAT_DETAILS_H
#define RESPOOL_CHAT_DETAILS_H

#include <stdbool.h>

#include "common/base/buf.h"

/* A zeroed one has none. */
struct chat_details {
	struct buf array; /* elements that are whole, without the brackets around them */
	bool has_seal;    /* some element has data or a signature */

	/* The element whose text may go on: */
	bool is_open;
	struct buf type, index; /* values, or empty */
	struct buf others;      /* its other members, each with a ',' before it */
	struct buf text;        /* inside of a JSON string */
	struct buf signature;   /* a value, or empty */
};

void chat_details_free(struct chat_details *details);

/* Adds an element, checked. Returns its text, a JSON string, or an empty span. */
struct span chat_details_add(struct chat_details *details, struct span element);
bool chat_details_any(const struct chat_details *details);
/*
 * Appends all as a JSON array, and is empty afterwards. Appends nothing if no element has data or
 * a signature: it is nothing but text then.
 */
void chat_details_take(struct chat_details *details, struct buf *out);

#endif
