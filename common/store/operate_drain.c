#include "operate_internal.h"

enum store_result store_drain(struct store *store, const char *worker, bool drain)
{
	struct redis_args args = {0};

	redis_args_script(&args, SCRIPT_DRAIN, 2);
	redis_args_add(&args, store->space.workers);
	redis_args_add(&args, store->space.draining);
	redis_args_add(&args, worker);
	redis_args_add(&args, drain ? "1" : "0");
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	return store->replies[0]->integer == 1 ? STORE_OK : STORE_NOT_FOUND;
}
