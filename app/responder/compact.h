/*
 * What the Responses API does with a request beside answering it: it counts the tokens of its
 * input, and makes what was said so far shorter. Providers do that, by their own API alone.
 */
#ifndef RESPOOL_COMPACT_H
#define RESPOOL_COMPACT_H

#include "handlers.h"

void input_tokens_handle(struct handlers *handlers);
void compact_handle(struct handlers *handlers);

#endif
