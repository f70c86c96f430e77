/* Whether a key lets its holder do something: use a model, or anything still. */
#ifndef RESPOOL_KEY_MODELS_H
#define RESPOOL_KEY_MODELS_H

#include <stdbool.h>
#include <time.h>

#include "config.h"

/*
 * Whether the key may use the model of that name, a client's: by that name or by the one that an
 * alias makes of it, as one of its models says it, or as a pattern among them does, whose '*'
 * stands for one character or more. All may be used if it has no list.
 */
bool key_may_use(const struct config *config, const struct access_key *key, const char *model);

/* Whether the key is not taken any more at that time. */
bool key_has_expired(const struct access_key *key, time_t now);

#endif
