/* What a provider that speaks Chat Completions has counted. */
#ifndef RESPOOL_CHAT_USAGE_H
#define RESPOOL_CHAT_USAGE_H

#include <stdbool.h>

#include "common/response/builder.h"

/* Reads usage, a checked value of any type. False if it says nothing. */
bool chat_usage_read(struct span usage, struct builder_usage *out);

#endif
