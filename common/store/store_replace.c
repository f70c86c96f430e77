#include "keys.h"
#include "store_internal.h"

enum store_result store_replace(
    struct store *store, const char *id, struct span old, struct span object, long ttl)
{
	struct buf old_copy = {0};
	struct redis_args args = {0};
	struct response_keys keys;
	enum store_result result;

	/* old may point into the replies that the call frees. */
	buf_append_span(&old_copy, old);
	response_keys(&keys, &store->space, id);
	redis_args_script(&args, SCRIPT_REPLACE, 1);
	redis_args_add(&args, keys.response);
	redis_args_add_span(&args, buf_span(&old_copy));
	redis_args_add_span(&args, object);
	redis_args_add_number(&args, ttl);
	if (!store_call(store, &args, 1))
		result = STORE_UNAVAILABLE;
	else
		result = store->replies[0]->integer == 1 ? STORE_OK : STORE_NOT_FOUND;
	buf_free(&old_copy);
	return result;
}
