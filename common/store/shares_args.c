#include "shares_args.h"

void shares_args(struct redis_args *args, const struct key_space *space)
{
	redis_args_add(args, space->shares);
	redis_args_add(args, space->seats);
	redis_args_add(args, space->lines);
	redis_args_add(args, space->turns);
	redis_args_add(args, space->passes);
}
