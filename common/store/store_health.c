#include "health_commands.h"
#include "store_internal.h"

static enum store_result call_for_health(
    struct store *store, struct redis_args *args, struct health *health)
{
	if (!store_call(store, args, 1))
		return STORE_UNAVAILABLE;
	health_take(health, store->replies[0]);
	return STORE_OK;
}

enum store_result store_read_health(struct store *store, struct health *health)
{
	struct redis_args args = {0};

	health_read_args(&args);
	return call_for_health(store, &args, health);
}

enum store_result store_report(
    struct store *store, struct health *health, const struct deployment *deployment, bool failed)
{
	struct redis_args args = {0};

	health_report_args(&args, health->config, deployment, failed);
	return call_for_health(store, &args, health);
}
