#include <time.h>

#include "common/base/iso_time.h"
#include "common/base/log.h"
#include "common/base/time_unit.h"
#include "operate_internal.h"

/* What is read, and how many lines of it are not as they should be. */
struct reading {
	store_use_fn *fn;
	void *ctx;
	size_t strange;
};

static void take_day(struct reading *reading, const redisReply *hash, time_t moment)
{
	char day[ISO_DAY_SIZE];
	struct usage_line line;

	iso_day_write(day, moment);
	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		if (usage_line_read(
			&line, reply_span(hash->element[i]), reply_span(hash->element[i + 1])))
			reading->fn(reading->ctx, day, &line);
		else
			reading->strange++;
	}
}

/* So many days in one round trip, of which the last one is given. */
static bool read_days(struct store *store, struct reading *reading, time_t last, int count)
{
	struct redis_args commands[STORE_MAX_REPLIES] = {0};
	struct usage_key keys[STORE_MAX_REPLIES];

	for (int i = 0; i < count; i++) {
		usage_key(&keys[i], &store->space, last - (time_t)i * DAY_SECONDS);
		redis_args_add(&commands[i], "HGETALL");
		redis_args_add(&commands[i], keys[i].name);
	}
	if (!store_call(store, commands, count))
		return false;
	for (int i = 0; i < count; i++)
		take_day(reading, store->replies[i], last - (time_t)i * DAY_SECONDS);
	return true;
}

enum store_result store_usage(
    struct store *store, time_t last, int days, store_use_fn *fn, void *ctx)
{
	struct reading reading = {.fn = fn, .ctx = ctx};

	while (days > 0) {
		const int count = days < STORE_MAX_REPLIES ? days : STORE_MAX_REPLIES;

		if (!read_days(store, &reading, last, count))
			return STORE_UNAVAILABLE;
		days -= count;
		last -= (time_t)count * DAY_SECONDS;
	}
	if (reading.strange > 0)
		log_warnx("%zu lines of what was used cannot be read", reading.strange);
	return STORE_OK;
}
