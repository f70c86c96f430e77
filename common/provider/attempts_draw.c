#include <stdint.h>
#include <stdlib.h>

#include "attempts_internal.h"
#include "health.h"

/* What a deployment counts for in the draw. */
typedef double share(const struct deployment *deployment);

static double by_weight(const struct deployment *deployment)
{
	return deployment->weight;
}

static double by_rpm(const struct deployment *deployment)
{
	return deployment->rpm;
}

static double evenly(const struct deployment *deployment)
{
	(void)deployment;
	return 1;
}

/* From 0 to below 1. */
static double random_fraction(void)
{
	uint64_t bits = (uint64_t)random() << 22 | (uint64_t)random() >> 9;

	return (double)bits / (double)(1ULL << 53);
}

static bool rests(const struct attempts *attempts, const struct deployment *deployment)
{
	return attempts->health != NULL && health_rests(attempts->health, deployment);
}

/* Those that are to be asked now: not yet, in this round, and all resting or none. */
static bool is_eligible(const struct attempts *attempts, size_t i, bool resting)
{
	return !attempts->tried[i] && rests(attempts, attempts->candidates[i]) == resting;
}

static double sum_of(const struct attempts *attempts, bool resting, share *count)
{
	double sum = 0;

	for (size_t i = 0; i < attempts->candidate_count; i++) {
		if (is_eligible(attempts, i, resting))
			sum += count(attempts->candidates[i]);
	}
	return sum;
}

void attempts_take(struct attempts *attempts, size_t i)
{
	attempts->deployment = attempts->candidates[i];
	attempts->current = i;
	attempts->tried[i] = true;
}

static bool draw_by(struct attempts *attempts, bool resting, share *count)
{
	double left = sum_of(attempts, resting, count) * random_fraction();
	size_t drawn = attempts->candidate_count;

	for (size_t i = 0; left >= 0 && i < attempts->candidate_count; i++) {
		double one = count(attempts->candidates[i]);

		if (one <= 0 || !is_eligible(attempts, i, resting))
			continue;
		drawn = i;
		left -= one;
	}
	if (drawn == attempts->candidate_count)
		return false;
	attempts_take(attempts, drawn);
	return true;
}

static bool draw(struct attempts *attempts, bool resting)
{
	return draw_by(attempts, resting, by_weight) || draw_by(attempts, resting, by_rpm) ||
	       draw_by(attempts, resting, evenly);
}

bool attempts_draw(struct attempts *attempts)
{
	return draw(attempts, false) || draw(attempts, true);
}
