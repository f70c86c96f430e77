#include "operate_internal.h"
#include "shares_args.h"

/* The name in the set of what is paused. */
static const char *paused_name(const char *model)
{
	return model != NULL ? model : "*";
}

static enum store_result run(
    struct store *store, enum script script, const char *model, bool *changed)
{
	struct redis_args args = {0};

	*changed = false;
	redis_args_script(&args, script, 9);
	redis_args_add(&args, store->space.paused);
	redis_args_add(&args, store->space.queue);
	redis_args_add(&args, store->space.parked);
	redis_args_add(&args, store->space.index_about);
	shares_args(&args, &store->space);
	redis_args_add(&args, paused_name(model));
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	*changed = store->replies[0]->integer == 1;
	return STORE_OK;
}

enum store_result store_pause(struct store *store, const char *model, bool *paused)
{
	return run(store, SCRIPT_PAUSE, model, paused);
}

enum store_result store_resume(struct store *store, const char *model, bool *resumed)
{
	return run(store, SCRIPT_RESUME, model, resumed);
}
