/* Where at a provider a request about conversations goes. */
#ifndef RESPOOL_CONVERSATION_PATH_H
#define RESPOOL_CONVERSATION_PATH_H

#include <stdbool.h>

#include "common/base/buf.h"

/*
 * Appends "conversations" and what the client asked for below that. False if that has a segment
 * which no id can be, or would lead elsewhere, or is too deep.
 */
bool conversation_path(struct buf *out, struct span below);

#endif
