#include "retry_pause.h"

#include "common/base/clock.h"

enum { FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 1000 };

int retry_pause_next(int last, int first, int longest)
{
	int next = last == 0 ? first : 2 * last;

	return next < longest ? next : longest;
}

bool retry_pause_lasts(const struct retry_pause *pause)
{
	return pause->length != 0 && monotonic_ms() < pause->until;
}

void retry_pause_begin(struct retry_pause *pause)
{
	pause->length = retry_pause_next(pause->length, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
	pause->until = monotonic_ms() + pause->length;
}

void retry_pause_end(struct retry_pause *pause)
{
	*pause = (struct retry_pause){0};
}
