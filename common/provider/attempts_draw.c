#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "attempts_internal.h"
#include "common/base/clock.h"
#include "health.h"
#include "seats.h"

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

static double by_tpm(const struct deployment *deployment)
{
	return deployment->tpm;
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

long long attempts_candidate_wait_ms(const struct attempts *attempts, size_t i)
{
	const struct deployment *deployment = attempts->candidates[i];
	long long ms =
	    attempts->health != NULL ? health_limited_ms(attempts->health, deployment) : 0;
	long long own = attempts->not_before[i];

	if (own != 0)
		own -= monotonic_ms();
	return own > ms ? own : ms;
}

/* Whether it has as many calls as it may. */
static bool is_full(const struct attempts *attempts, const struct deployment *deployment)
{
	return attempts->health != NULL && seats_are_taken(attempts->health->seats, deployment);
}

/* Those among which is drawn: not asked yet, in this round, all of one order, and so on. */
struct lot {
	bool resting, full;
	int order;
};

static bool is_eligible(const struct attempts *attempts, size_t i, const struct lot *lot)
{
	const struct deployment *deployment = attempts->candidates[i];

	return !attempts->tried[i] && rests(attempts, deployment) == lot->resting &&
	       is_full(attempts, deployment) == lot->full &&
	       attempts_candidate_wait_ms(attempts, i) == 0;
}

static bool is_in(const struct attempts *attempts, size_t i, const struct lot *lot)
{
	return is_eligible(attempts, i, lot) && attempts->candidates[i]->order == lot->order;
}

static double sum_of(const struct attempts *attempts, const struct lot *lot, share *count)
{
	double sum = 0;

	for (size_t i = 0; i < attempts->candidate_count; i++) {
		if (is_in(attempts, i, lot))
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

static bool draw_by(struct attempts *attempts, const struct lot *lot, share *count)
{
	double left = sum_of(attempts, lot, count) * random_fraction();
	size_t drawn = attempts->candidate_count;

	for (size_t i = 0; left >= 0 && i < attempts->candidate_count; i++) {
		double one = count(attempts->candidates[i]);

		if (one <= 0 || !is_in(attempts, i, lot))
			continue;
		drawn = i;
		left -= one;
	}
	if (drawn == attempts->candidate_count)
		return false;
	attempts_take(attempts, drawn);
	return true;
}

static bool draw(struct attempts *attempts, bool resting, bool full)
{
	struct lot lot = {.resting = resting, .full = full, .order = INT_MAX};

	for (size_t i = 0; i < attempts->candidate_count; i++) {
		int order = attempts->candidates[i]->order;

		if (order < lot.order && is_eligible(attempts, i, &lot))
			lot.order = order;
	}
	return draw_by(attempts, &lot, by_weight) || draw_by(attempts, &lot, by_rpm) ||
	       draw_by(attempts, &lot, by_tpm) || draw_by(attempts, &lot, evenly);
}

/* Of those that are all to be left alone. */
static bool draw_soonest(struct attempts *attempts)
{
	size_t soonest = attempts->candidate_count;
	long long least = LLONG_MAX;

	for (size_t i = 0; i < attempts->candidate_count; i++) {
		long long ms = attempts_candidate_wait_ms(attempts, i);

		if (!attempts->tried[i] && ms < least) {
			soonest = i;
			least = ms;
		}
	}
	if (soonest == attempts->candidate_count)
		return false;
	attempts_take(attempts, soonest);
	return true;
}

/* To wait for one that is full is better than to ask one that has failed. */
bool attempts_draw(struct attempts *attempts)
{
	return draw(attempts, false, false) || draw(attempts, false, true) ||
	       draw(attempts, true, false) || draw(attempts, true, true) || draw_soonest(attempts);
}

bool attempts_later_order_is_left(const struct attempts *attempts)
{
	for (size_t i = 0; i < attempts->candidate_count; i++) {
		if (!attempts->tried[i] &&
		    attempts->candidates[i]->order > attempts->deployment->order)
			return true;
	}
	return false;
}

void attempts_draw_again(struct attempts *attempts)
{
	if (attempts->current >= attempts->candidate_count)
		return;
	attempts->tried[attempts->current] = false;
	attempts_draw(attempts);
}

bool attempts_may_draw(const struct attempts *attempts, const char *deployment_id)
{
	for (size_t i = 0; i < attempts->candidate_count; i++) {
		if ((i == attempts->current || !attempts->tried[i]) &&
		    strcmp(attempts->candidates[i]->id, deployment_id) == 0)
			return true;
	}
	return false;
}
