/* Which of the slots of a Redis Cluster a key is in ("Redis cluster specification", Hash tags). */
#ifndef RESPOOL_REDIS_SLOT_H
#define RESPOOL_REDIS_SLOT_H

#include "common/base/buf.h"

enum { REDIS_SLOTS = 16384 };

/*
 * From 0 to REDIS_SLOTS - 1: of what stands between the first '{' and the first '}' behind it, if
 * that is anything, else of the whole key.
 */
int redis_slot(struct span key);

#endif
