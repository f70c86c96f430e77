#include "retry_pause.h"

#include "common/base/clock.h"

enum { FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 1000 };

bool retry_pause_lasts(const struct retry_pause *pause)
{
	return pause->length != 0 && monotonic_ms() < pause->until;
}

void retry_pause_begin(struct retry_pause *pause)
{
	pause->length = pause->length == 0 ? FIRST_PAUSE_MS : 2 * pause->length;
	if (pause->length > LONGEST_PAUSE_MS)
		pause->length = LONGEST_PAUSE_MS;
	pause->until = monotonic_ms() + pause->length;
}

void retry_pause_end(struct retry_pause *pause)
{
	*pause = (struct retry_pause){0};
}
