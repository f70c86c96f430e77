#include "courier_verdict.h"

#include "common/webhook/webhook_schedule.h"

enum { LONGEST_ALONE = 3600 /* s */ };

enum { HTTP_GONE = 410, HTTP_TOO_MANY_REQUESTS = 429, HTTP_UNAVAILABLE = 503 };

/* These two are about whoever answers, not about what was sent. */
static long long alone_ms(const struct webhook_result *result)
{
	double seconds = result->retry_after;

	if ((result->status != HTTP_TOO_MANY_REQUESTS && result->status != HTTP_UNAVAILABLE) ||
	    !(seconds > 0))
		return 0;
	return (long long)((seconds < LONGEST_ALONE ? seconds : LONGEST_ALONE) * 1000);
}

struct courier_verdict courier_judge(const struct webhook_result *result, int failed, double chance)
{
	struct courier_verdict verdict = {.outcome = WEBHOOK_DELIVERED};
	long long pause;

	if (result->error[0] == '\0')
		return verdict;
	verdict.off = result->status == HTTP_GONE;
	verdict.alone_ms = alone_ms(result);
	pause = verdict.off ? -1 : webhook_pause(failed + 1, result->retry_after, chance);
	verdict.outcome = pause < 0 ? WEBHOOK_DEAD : WEBHOOK_TRY_FAILED;
	verdict.pause_ms = pause < 0 ? 0 : pause;
	return verdict;
}
