/* Conversations, which a provider keeps: all that is asked about them. */
#ifndef RESPOOL_CONVERSATIONS_H
#define RESPOOL_CONVERSATIONS_H

#include "handlers.h"

void conversations_handle(struct handlers *handlers);

#endif
