/* The logprobs of a choice, as the Responses API has them. */
#ifndef RESPOOL_CHAT_LOGPROBS_H
#define RESPOOL_CHAT_LOGPROBS_H

#include "common/base/buf.h"

/*
 * Appends a JSON array of what logprobs, a checked value of any type, says of the content's
 * tokens; nothing if it says nothing of them.
 */
void chat_logprobs_write(struct buf *out, struct span logprobs);

#endif
