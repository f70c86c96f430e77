/* How long after a failure the next try has to wait: each time twice as long, up to a second. */
#ifndef RESPOOL_RETRY_PAUSE_H
#define RESPOOL_RETRY_PAUSE_H

#include <stdbool.h>

/* The pause behind one of length last, or behind none (0): the first, else twice that; all in ms.
 */
int retry_pause_next(int last, int first, int longest);

/* To be set to zero. */
struct retry_pause {
	long long until; /* ms, of the monotonic clock */
	int length;      /* ms, of the last one; 0 if the last try went well */
};

/* Whether it is too early to try. */
bool retry_pause_lasts(const struct retry_pause *pause);
/* After a try that has failed. */
void retry_pause_begin(struct retry_pause *pause);
/* After one that went well. */
void retry_pause_end(struct retry_pause *pause);

#endif
