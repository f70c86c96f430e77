#include "webhook_schedule.h"

static const int pauses[] = {
    5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600}; /* s */

_Static_assert(sizeof(pauses) / sizeof(pauses[0]) == WEBHOOK_TRIES - 1,
    "there is a pause between every two tries");

enum { RETRY_AFTER_MOST = 24 * 3600 }; /* s */

long long webhook_pause(int failed, double retry_after, double chance)
{
	double ms;

	if (failed >= WEBHOOK_TRIES)
		return -1;
	ms = pauses[failed > 0 ? failed - 1 : 0] * 1000.0 * (0.9 + 0.2 * chance);
	if (retry_after > RETRY_AFTER_MOST)
		retry_after = RETRY_AFTER_MOST;
	if (retry_after * 1000 > ms)
		ms = retry_after * 1000;
	return (long long)ms;
}
