/*
 * A relay's signs of life in Redis: every RELAY_BEAT_MS that it is there, how many answers it holds
 * open, and what it has counted. While Redis is away counts gather here. What was under way when
 * the connection broke is sent again and added once, unless the relay has been forgotten meanwhile.
 */
#ifndef RESPOOL_RELAY_BEAT_H
#define RESPOOL_RELAY_BEAT_H

#include <event2/event.h>

#include "counts.h"
#include "keys.h"
#include "redis_client.h"

enum { RELAY_BEAT_MS = 2000, RELAY_LEASE_MS = 10000 };

struct relay_beat;

/* redis, which calls SCRIPT_RELAY_BEAT, and space must outlive it. */
struct relay_beat *relay_beat_new(
    struct event_base *base, struct redis_client *redis, const struct key_space *space);
/* To be called when no call of redis is open any more. */
void relay_beat_free(struct relay_beat *beat);

/* Redis is there (again): beats at once. */
void relay_beat_up(struct relay_beat *beat);
/* What the next beat says. */
void relay_beat_show(struct relay_beat *beat, int streams);
/* By which Redis knows the relay. */
const char *relay_beat_name(const struct relay_beat *beat);
struct counts *relay_beat_counts(struct relay_beat *beat);
/* What it tells has been used, likewise. */
struct use_sums *relay_beat_uses(struct relay_beat *beat);

/*
 * The relay ends: says what it has counted, and has it forgotten. left is called when Redis has
 * answered, but within RELAY_LEAVE_MS, and may be called from within this one.
 */
enum { RELAY_LEAVE_MS = 500 };
void relay_beat_leave(struct relay_beat *beat, void (*left)(void *ctx), void *ctx);

#endif
