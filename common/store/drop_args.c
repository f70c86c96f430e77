#include "drop_args.h"

#include "metric_table.h"

void drop_args(struct redis_args *args, const struct key_space *space, int lists)
{
	redis_args_script(args, SCRIPT_DROP, 7 + lists);
	redis_args_add(args, space->held);
	redis_args_add(args, space->held_until);
	redis_args_add(args, space->index);
	redis_args_add(args, space->index_about);
	redis_args_add(args, space->index_ended);
	redis_args_add(args, space->counters);
	redis_args_add(args, space->minutes);
}

void drop_args_end(struct redis_args *args, const char *id, const char *how, long long ttl)
{
	redis_args_add(args, id);
	redis_args_add(args, how);
	redis_args_add_number(args, ttl);
	redis_args_add(args, metric_line(METRIC_ENDED)->name);
}
