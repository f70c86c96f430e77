/* What a Response object says to people. */
#ifndef RESPOOL_ANSWER_H
#define RESPOOL_ANSWER_H

#include <stdbool.h>

#include "common/base/buf.h"

/*
 * Appends the text of the messages in the object's output, a line feed between two parts. While the
 * object grows, whole is false, and nothing behind a message that is in progress is taken: so what
 * is there only grows, but for an answer that begins anew.
 */
void answer_text(struct buf *out, struct span object, bool whole);

/*
 * Appends what the answer did besides writing messages, in its order: "reasoning, function_call
 * NAME, …"; without the first ones, as many as known says. Returns how many there are in all.
 */
size_t answer_steps(struct buf *out, struct span object, size_t known);

/* Appends "CODE: MESSAGE", or why it is incomplete; nothing if the object does not say. */
void answer_fault(struct buf *out, struct span object);

#endif
