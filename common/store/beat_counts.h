/*
 * What a process counts, on its way to Redis with the process' beats, so that each number is added
 * once. What went with a beat that has not been answered goes again as it was, even if that was
 * nothing: by the time of the last beat that was answered Redis tells whether that one was made.
 */
#ifndef RESPOOL_BEAT_COUNTS_H
#define RESPOOL_BEAT_COUNTS_H

#include <stdbool.h>

#include "counts.h"
#include "redis_args.h"
#include "use_sums.h"

/* A zeroed one is empty. */
struct beat_counts {
	struct counts gathered; /* since the last beat, or for longer if that was not answered */
	struct use_sums uses;   /* likewise; of relays alone */
	struct buf sent;        /* with the last beat */
	bool unanswered;        /* the last beat */
	long long made_at;      /* ms, of Redis: the last beat that was answered; 0: none */
};

/*
 * Adds two arguments to those of a beat, of which sent has to live until it is sent: what goes with
 * it, and the time of the last beat that was answered.
 */
void beat_counts_send(struct beat_counts *counts, struct redis_args *args);
/* The last beat was made then. */
void beat_counts_answered(struct beat_counts *counts, long long made_at);
/* Whether there is more to tell than what went with the last beat. */
bool beat_counts_has_more(const struct beat_counts *counts);
void beat_counts_free(struct beat_counts *counts);

#endif
