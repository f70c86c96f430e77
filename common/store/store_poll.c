#include <string.h>

#include "common/response/response.h"
#include "keys.h"
#include "redis_reply.h"
#include "store_internal.h"

bool store_is_orphan(const struct stored_response *response)
{
	return response->foreign && response_status_peek(response->object) != STATUS_COUNT;
}

static void add_version(struct redis_args *args, const struct response_keys *keys)
{
	redis_args_add(args, "HMGET");
	redis_args_add(args, keys->job);
	redis_args_add(args, "tenant");
	redis_args_add(args, "state");
	redis_args_add(args, "fence");
	redis_args_add(args, "writes");
}

/* Puts a word, or "-" for none, with end behind it. Returns what is behind that. */
static char *put_word(char *p, struct span word, size_t most, char end)
{
	const char *text = word.len != 0 ? word.p : "-";
	size_t len = strnlen(text, most);

	memcpy(p, text, len);
	p[len] = end;
	return p + len + 1;
}

static void write_version(
    char out[STORED_VERSION_SIZE], struct span state, struct span fence, struct span writes)
{
	out = put_word(out, state, 16, ' ');
	out = put_word(out, fence, 20, ' ');
	put_word(out, writes, 40, '\0');
}

/* The reply to that. STORE_NOT_FOUND if it is another tenant's; no text if there is no job. */
static enum store_result read_version(
    const redisReply *reply, const char *tenant, struct stored_version *version)
{
	struct span state, fence, writes;

	*version = (struct stored_version){{0}, true};
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 ||
	    reply->element[0]->type != REDIS_REPLY_STRING)
		return STORE_OK;
	if (!span_is(reply_span(reply->element[0]), tenant))
		return STORE_NOT_FOUND;
	state = reply_span(reply->element[1]);
	fence = reply_span(reply->element[2]);
	writes = reply_span(reply->element[3]);
	write_version(version->text, state, fence, writes);
	version->terminal = !span_is(state, "queued") && !span_is(state, "in_progress");
	return STORE_OK;
}

enum store_result store_poll(struct store *store, const char *id, const char *tenant,
    struct stored_response *out, struct stored_version *version)
{
	struct redis_args commands[2] = {{0}, {0}};
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, &store->space, id);
	add_version(&commands[0], &keys);
	redis_args_add(&commands[1], "GET");
	redis_args_add(&commands[1], keys.response);
	if (!store_call(store, commands, 2))
		return STORE_UNAVAILABLE;
	result = read_version(store->replies[0], tenant, version);
	if (store->replies[1]->type != REDIS_REPLY_STRING)
		return STORE_NOT_FOUND;
	out->foreign = version->text[0] == '\0';
	out->object = reply_span(store->replies[1]);
	return store_is_orphan(out) ? STORE_NOT_FOUND : result;
}

enum store_result store_version(
    struct store *store, const char *id, const char *tenant, struct stored_version *version)
{
	struct redis_args args = {0};
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, &store->space, id);
	add_version(&args, &keys);
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	result = read_version(store->replies[0], tenant, version);
	return version->text[0] != '\0' ? result : STORE_NOT_FOUND;
}
