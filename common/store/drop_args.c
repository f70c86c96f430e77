#include "drop_args.h"

#include <time.h>

#include "metric_table.h"
#include "shares_args.h"

enum { FIXED_KEYS = 17, WEBHOOK_KEYS = 3 };

static int key_count(const struct drop_end *end)
{
	return FIXED_KEYS + (end->webhooks != NULL ? WEBHOOK_KEYS : 0) + (end->list != NULL);
}

void drop_args(struct redis_args *args, const struct key_space *space, struct drop_end *end)
{
	usage_key(&end->day, space, time(NULL));
	redis_args_script(args, SCRIPT_DROP, key_count(end));
	redis_args_add(args, space->held);
	redis_args_add(args, space->held_until);
	redis_args_add(args, space->index);
	redis_args_add(args, space->index_about);
	redis_args_add(args, space->index_ended);
	redis_args_add(args, space->counters);
	redis_args_add(args, space->minutes);
	redis_args_add(args, space->queue);
	redis_args_add(args, space->parked);
	shares_args(args, space);
	redis_args_add(args, space->rates);
	redis_args_add(args, space->budgets);
	redis_args_add(args, end->day.name);
	if (end->webhooks != NULL) {
		redis_args_add(args, space->webhooks);
		redis_args_add(args, space->webhooks_about);
		redis_args_add(args, space->webhooks_dead);
	}
	if (end->list != NULL)
		redis_args_add(args, end->list);
	redis_args_add(args, end->id);
	redis_args_add(args, end->how);
	redis_args_add_number(args, end->ttl);
	redis_args_add(args, metric_line(METRIC_ENDED)->name);
	redis_args_add(args, end->waits ? "1" : "0");
	redis_args_add(args, end->webhooks != NULL ? end->webhooks : "");
	if (end->webhooks != NULL)
		redis_args_add(args, metric_line(METRIC_WEBHOOK_DELIVERIES)->name);
}
