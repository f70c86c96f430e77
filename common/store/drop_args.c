#include "drop_args.h"

#include "metric_table.h"

void drop_args(
    struct redis_args *args, const struct key_space *space, const struct drop_end *end, int lists)
{
	redis_args_script(args, SCRIPT_DROP, 7 + (end->webhooks != NULL ? 3 : 0) + lists);
	redis_args_add(args, space->held);
	redis_args_add(args, space->held_until);
	redis_args_add(args, space->index);
	redis_args_add(args, space->index_about);
	redis_args_add(args, space->index_ended);
	redis_args_add(args, space->counters);
	redis_args_add(args, space->minutes);
	if (end->webhooks == NULL)
		return;
	redis_args_add(args, space->webhooks);
	redis_args_add(args, space->webhooks_about);
	redis_args_add(args, space->webhooks_dead);
}

void drop_args_end(struct redis_args *args, const struct drop_end *end)
{
	redis_args_add(args, end->id);
	redis_args_add(args, end->how);
	redis_args_add_number(args, end->ttl);
	redis_args_add(args, metric_line(METRIC_ENDED)->name);
	redis_args_add(args, end->webhooks != NULL ? end->webhooks : "");
	if (end->webhooks != NULL)
		redis_args_add(args, metric_line(METRIC_WEBHOOK_DELIVERIES)->name);
}
