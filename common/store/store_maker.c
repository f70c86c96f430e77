#include <string.h>

#include "keys.h"
#include "redis_reply.h"
#include "maker_command.h"
#include "store_internal.h"

static void ask_for(struct redis_args *args, const struct sealed_key *key)
{
	*args = (struct redis_args){0};
	redis_args_add(args, "GET");
	redis_args_add(args, key->name);
}

/* Asks for count of them, together. The last that is known is the one that counts. */
static enum store_result ask(
    struct store *store, char hashes[][ENCRYPTED_HASH_SIZE], size_t count, struct stored_maker *out)
{
	struct sealed_key keys[STORE_MAKERS_MOST];
	struct redis_args commands[STORE_MAKERS_MOST];

	for (size_t i = 0; i < count; i++) {
		sealed_key(&keys[i], &store->space, hashes[i]);
		ask_for(&commands[i], &keys[i]);
	}
	if (!store_call(store, commands, (int)count))
		return STORE_UNAVAILABLE;
	while (count-- > 0) {
		if (maker_read(out, reply_span(store->replies[count])))
			return STORE_OK;
	}
	return STORE_NOT_FOUND;
}

enum store_result store_maker(
    struct store *store, char hashes[][ENCRYPTED_HASH_SIZE], size_t count, struct stored_maker *out)
{
	enum store_result result = STORE_NOT_FOUND;

	if (count == 0 || store->kind != REDIS_CLUSTER)
		return count == 0 ? STORE_NOT_FOUND : ask(store, hashes, count, out);
	while (result == STORE_NOT_FOUND && count-- > 0)
		result = ask(store, &hashes[count], 1, out);
	return result;
}
