#include "store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "health_commands.h"
#include "keys.h"
#include "redis_args.h"
#include "common/response/response.h"
#include "scripts.h"

/* A client waits for the answer: better none from Redis than one that comes too late. */
static const struct timeval connect_timeout = {0, 500 * 1000};
static const struct timeval command_timeout = {1, 0};

enum {
	MAX_REPLIES = 2,
	/* Between tries to connect, so that answers without Redis cost next to nothing. */
	FIRST_PAUSE_MS = 50,
	LONGEST_PAUSE_MS = 1000,
};

struct store {
	const struct redis_config *config;
	redisContext *redis; /* NULL when not connected */
	bool fresh;          /* the connection was opened for this call */
	bool timed_out;      /* the call ended because Redis did not answer in time */
	long long retry_at;  /* ms: no try to connect before that */
	int pause_ms;
	struct script_hashes scripts;
	redisReply *replies[MAX_REPLIES]; /* to the last call; what it gave out points into them */
	char error[256];
	char last_failure[256]; /* to connect */
};

/* What the responder needs; others are loaded where they are used. */
static const enum script used_scripts[] = {SCRIPT_CANCEL, SCRIPT_CREATE, SCRIPT_DELETE, SCRIPT_DROP,
    SCRIPT_ENQUEUE, SCRIPT_FORGET, SCRIPT_HEALTH, SCRIPT_REMEMBER, SCRIPT_REPLACE, SCRIPT_REPORT};

enum { USED_SCRIPTS = sizeof(used_scripts) / sizeof(used_scripts[0]) };

/* ---- the connection -------------------------------------------------------------------------- */

struct store *store_open(const struct redis_config *config)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->config = config;
	store->pause_ms = FIRST_PAUSE_MS;
	return store;
}

static void free_replies(struct store *store)
{
	int i;

	for (i = 0; i < MAX_REPLIES; i++) {
		if (store->replies[i] != NULL)
			freeReplyObject(store->replies[i]);
		store->replies[i] = NULL;
	}
}

static void disconnect(struct store *store)
{
	if (store->redis != NULL)
		redisFree(store->redis);
	store->redis = NULL;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	free_replies(store);
	disconnect(store);
	free(store);
}

const char *store_error(const struct store *store)
{
	return store->error;
}

static bool unavailable(struct store *store, const char *doing, const char *why)
{
	snprintf(store->error, sizeof(store->error), "%s: %s", doing, why);
	return false;
}

/* To be called right after hiredis has failed, while errno is as it left it. */
static const char *connection_error(struct store *store)
{
	store->timed_out =
	    store->redis->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
	return store->timed_out ? "no answer in time" : store->redis->errstr;
}

/* Reads a reply that belongs to setting up the connection; any but an error will do. */
static redisReply *setup_reply(struct store *store, const char *doing)
{
	redisReply *reply = NULL;

	if (redisGetReply(store->redis, (void **)&reply) != REDIS_OK) {
		unavailable(store, doing, connection_error(store));
		return NULL;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		unavailable(store, doing, reply->str);
		freeReplyObject(reply);
		return NULL;
	}
	return reply;
}

static bool expect_ok(struct store *store, const char *doing)
{
	redisReply *reply = setup_reply(store, doing);

	if (reply == NULL)
		return false;
	freeReplyObject(reply);
	return true;
}

static bool expect_hash(struct store *store, enum script script)
{
	redisReply *reply = setup_reply(store, "SCRIPT LOAD");

	if (reply == NULL)
		return false;
	snprintf(store->scripts.sha[script], SCRIPT_SHA_SIZE, "%s",
	    reply->type == REDIS_REPLY_STRING ? reply->str : "");
	freeReplyObject(reply);
	return true;
}

/* Identifies us and loads the scripts, all in one round trip. */
static bool set_up(struct store *store)
{
	const struct redis_config *config = store->config;
	bool ok = true;
	size_t i;

	if (config->password != NULL && config->username != NULL)
		redisAppendCommand(store->redis, "AUTH %s %s", config->username, config->password);
	else if (config->password != NULL)
		redisAppendCommand(store->redis, "AUTH %s", config->password);
	if (config->db != 0)
		redisAppendCommand(store->redis, "SELECT %d", config->db);
	for (i = 0; i < USED_SCRIPTS; i++)
		redisAppendCommand(store->redis, "SCRIPT LOAD %s", script_source(used_scripts[i]));

	ok = config->password == NULL || expect_ok(store, "AUTH");
	ok = ok && (config->db == 0 || expect_ok(store, "SELECT"));
	for (i = 0; ok && i < USED_SCRIPTS; i++)
		ok = expect_hash(store, used_scripts[i]);
	return ok;
}

static bool open_connection(struct store *store)
{
	const struct redis_config *config = store->config;

	if (config->socket_path != NULL)
		store->redis = redisConnectUnixWithTimeout(config->socket_path, connect_timeout);
	else
		store->redis = redisConnectWithTimeout(config->host, config->port, connect_timeout);
	if (store->redis == NULL)
		return unavailable(store, "connect", "out of memory");
	store->fresh = true;
	if (store->redis->err != 0)
		unavailable(store, "connect", store->redis->errstr);
	else if (redisSetTimeout(store->redis, command_timeout) == REDIS_OK && set_up(store))
		return true;
	disconnect(store);
	return false;
}

static bool connect_to_redis(struct store *store)
{
	if (monotonic_ms() < store->retry_at) {
		memcpy(store->error, store->last_failure, sizeof(store->error));
		return false;
	}
	if (open_connection(store)) {
		store->pause_ms = FIRST_PAUSE_MS;
		return true;
	}
	memcpy(store->last_failure, store->error, sizeof(store->last_failure));
	store->retry_at = monotonic_ms() + store->pause_ms;
	store->pause_ms *= 2;
	if (store->pause_ms > LONGEST_PAUSE_MS)
		store->pause_ms = LONGEST_PAUSE_MS;
	return false;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void append_command(struct store *store, const struct redis_args *args)
{
	redisAppendCommandArgv(
	    store->redis, args->count, (const char **)args->values, args->lengths);
}

/* Sends the commands and reads their replies, on the connection that there is. */
static bool exchange(struct store *store, const struct redis_args *commands, int count)
{
	int i;

	for (i = 0; i < count; i++)
		append_command(store, &commands[i]);
	for (i = 0; i < count; i++) {
		if (redisGetReply(store->redis, (void **)&store->replies[i]) != REDIS_OK) {
			unavailable(store, commands[i].values[0], connection_error(store));
			return false;
		}
	}
	return true;
}

static bool lacks_script(const struct store *store, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (store->replies[i]->type == REDIS_REPLY_ERROR &&
		    strncmp(store->replies[i]->str, "NOSCRIPT", 8) == 0)
			return true;
	return false;
}

static bool check_errors(struct store *store, const struct redis_args *commands, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (store->replies[i]->type != REDIS_REPLY_ERROR)
			continue;
		/* The server is no master any more: the next connection may lead to the new one. */
		if (strncmp(store->replies[i]->str, "READONLY", 8) == 0)
			disconnect(store);
		return unavailable(store, commands[i].values[0], store->replies[i]->str);
	}
	return true;
}

/*
 * One round trip. It is made twice if the connection, kept from an earlier call, turns out to have
 * been closed meanwhile, or if Redis has lost the scripts. No command suffers from being repeated.
 */
static bool call(struct store *store, struct redis_args *commands, int count)
{
	free_replies(store);
	store->error[0] = '\0';
	store->fresh = false;
	store->timed_out = false;
	for (;;) {
		if (store->redis == NULL && !connect_to_redis(store))
			return false;
		redis_args_use_hashes(commands, count, &store->scripts);
		if (exchange(store, commands, count) && !lacks_script(store, count))
			return check_errors(store, commands, count);
		disconnect(store);
		if (store->fresh || store->timed_out)
			return false;
		free_replies(store);
	}
}

/* ---- what the responder does ----------------------------------------------------------------- */

static void drop_refused(struct store *store, const struct response_keys *keys)
{
	struct redis_args del = {0};

	redis_args_add(&del, "DEL");
	redis_args_add(&del, keys->response);
	redis_args_add(&del, keys->job);
	call(store, &del, 1);
}

/* What Redis holds for it while it waits, in bytes. */
static size_t job_size(const struct new_job *job)
{
	return job->object.len + job->request.len + job->input.len + job->context.len;
}

static enum store_result enqueue_result(const redisReply *reply)
{
	switch (reply->integer) {
	case 1:
		return STORE_OK;
	case 2:
		return STORE_BYTES_FULL;
	case 3:
		return STORE_CONTEXTS_FULL;
	default:
		return STORE_QUEUE_FULL;
	}
}

enum store_result store_create(struct store *store, const struct new_job *job)
{
	struct redis_args commands[2] = {{0}, {0}}, *create = &commands[0], *enqueue = &commands[1];
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, job->id);
	redis_args_script(create, SCRIPT_CREATE, 2);
	redis_args_add(create, keys.response);
	redis_args_add(create, keys.job);
	redis_args_add_span(create, job->object);
	redis_args_add_number(create, job->ttl);
	redis_args_add(create, "tenant");
	redis_args_add(create, job->tenant);
	redis_args_add(create, "model");
	redis_args_add(create, job->model);
	redis_args_add(create, "request");
	redis_args_add_span(create, job->request);
	if (job->keeps_input) {
		redis_args_add(create, "input");
		redis_args_add_span(create, job->input);
	}
	if (job->request_has_input) {
		redis_args_add(create, "request_has_input");
		redis_args_add(create, "1");
	}
	if (job->context.len != 0) {
		redis_args_add(create, "context");
		redis_args_add_span(create, job->context);
	}
	if (job->deployment != NULL) {
		redis_args_add(create, "deployment");
		redis_args_add(create, job->deployment);
	}
	if (job->follows != NULL) {
		redis_args_add(create, "follows");
		redis_args_add(create, job->follows);
	}

	redis_args_script(enqueue, SCRIPT_ENQUEUE, 3);
	redis_args_add(enqueue, KEY_QUEUE);
	redis_args_add(enqueue, KEY_HELD);
	redis_args_add(enqueue, KEY_HELD_UNTIL);
	redis_args_add(enqueue, job->id);
	redis_args_add_number(enqueue, job->max_queue);
	redis_args_add_number(enqueue, (long long)job_size(job));
	redis_args_add_number(enqueue, (long long)job->context.len);
	redis_args_add_number(enqueue, job->ttl);
	redis_args_add_number(enqueue, (long long)job->max_queue_bytes);

	if (!call(store, commands, 2))
		return STORE_UNAVAILABLE;
	result = enqueue_result(store->replies[1]);
	if (result != STORE_OK)
		drop_refused(store, &keys);
	return result;
}

static struct span span_of_reply(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return (struct span){0};
	return (struct span){reply->str, reply->len};
}

/* An object of ours whose job Redis has evicted: nobody can say any more whose it is. */
static bool is_orphan(const struct stored_response *response)
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

/* The reply to that. STORE_NOT_FOUND if it is another tenant's; no text if there is no job. */
static enum store_result read_version(
    const redisReply *reply, const char *tenant, struct stored_version *version)
{
	struct span state, fence, writes;

	*version = (struct stored_version){{0}, true};
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 ||
	    reply->element[0]->type != REDIS_REPLY_STRING)
		return STORE_OK;
	if (!span_is(span_of_reply(reply->element[0]), tenant))
		return STORE_NOT_FOUND;
	state = span_of_reply(reply->element[1]);
	fence = span_of_reply(reply->element[2]);
	writes = span_of_reply(reply->element[3]);
	snprintf(version->text, sizeof(version->text), "%.16s %.20s %.20s",
	    state.len != 0 ? state.p : "-", fence.len != 0 ? fence.p : "-",
	    writes.len != 0 ? writes.p : "-");
	version->terminal = !span_is(state, "queued") && !span_is(state, "in_progress");
	return STORE_OK;
}

enum store_result store_poll(struct store *store, const char *id, const char *tenant,
    struct stored_response *out, struct stored_version *version)
{
	struct redis_args commands[2] = {{0}, {0}};
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, id);
	add_version(&commands[0], &keys);
	redis_args_add(&commands[1], "GET");
	redis_args_add(&commands[1], keys.response);
	if (!call(store, commands, 2))
		return STORE_UNAVAILABLE;
	result = read_version(store->replies[0], tenant, version);
	if (store->replies[1]->type != REDIS_REPLY_STRING)
		return STORE_NOT_FOUND;
	out->foreign = version->text[0] == '\0';
	out->object = span_of_reply(store->replies[1]);
	return is_orphan(out) ? STORE_NOT_FOUND : result;
}

enum store_result store_version(
    struct store *store, const char *id, const char *tenant, struct stored_version *version)
{
	struct redis_args args = {0};
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, id);
	add_version(&args, &keys);
	if (!call(store, &args, 1))
		return STORE_UNAVAILABLE;
	result = read_version(store->replies[0], tenant, version);
	return version->text[0] != '\0' ? result : STORE_NOT_FOUND;
}

/* The replies of cancel and delete for what is to be taken out of the count, and of the queue. */
enum { WAS_COUNTED = 2, WAS_QUEUED = 3 };

/*
 * What nobody wants any more shall not count against max_queue and max_queue_bytes. Should this
 * fail, the worker that takes the id drops it. The replies to the last call stay.
 */
static void drop(struct store *store, const char *id, bool queued, bool deleted)
{
	redisReply *reply = redisCommand(store->redis,
	    queued ? "EVALSHA %s 3 %s %s " KEY_QUEUE " %s %d" : "EVALSHA %s 2 %s %s %s %d",
	    store->scripts.sha[SCRIPT_DROP], KEY_HELD, KEY_HELD_UNTIL, id, deleted);

	if (reply == NULL)
		disconnect(store);
	else
		freeReplyObject(reply);
}

enum store_result store_cancel(
    struct store *store, const char *id, const char *tenant, struct stored_response *out)
{
	struct redis_args args = {0};
	struct response_keys keys;
	const redisReply *reply;
	char slot[RESPONSE_STATUS_WIDTH + 1], open[RESPONSE_STATUS_WIDTH + 1];
	char closed[RESPONSE_STATUS_WIDTH + 1];

	response_keys(&keys, id);
	response_status_slot(slot, STATUS_CANCELLED);
	response_status_slot(open, STATUS_IN_PROGRESS);
	response_status_slot(closed, STATUS_INCOMPLETE);
	redis_args_script(&args, SCRIPT_CANCEL, 2);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add(&args, tenant);
	redis_args_add_number(&args, RESPONSE_STATUS_OFFSET);
	redis_args_add(&args, slot);
	redis_args_add(&args, CHANNEL_CANCEL);
	redis_args_add(&args, id);
	redis_args_add(&args, open);
	redis_args_add(&args, closed);
	if (!call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return STORE_NOT_FOUND;
	if (reply->element[0]->integer == WAS_QUEUED)
		drop(store, id, true, false);
	out->foreign = reply->element[0]->integer == 2;
	out->object = span_of_reply(reply->element[1]);
	return is_orphan(out) ? STORE_NOT_FOUND : STORE_OK;
}

enum store_result store_replace(
    struct store *store, const char *id, struct span old, struct span object, long ttl)
{
	struct buf old_copy = {0};
	struct redis_args args = {0};
	struct response_keys keys;
	enum store_result result;

	/* old may point into the replies that the call frees. */
	buf_append_span(&old_copy, old);
	response_keys(&keys, id);
	redis_args_script(&args, SCRIPT_REPLACE, 1);
	redis_args_add(&args, keys.response);
	redis_args_add_span(&args, buf_span(&old_copy));
	redis_args_add_span(&args, object);
	redis_args_add_number(&args, ttl);
	if (!call(store, &args, 1))
		result = STORE_UNAVAILABLE;
	else
		result = store->replies[0]->integer == 1 ? STORE_OK : STORE_NOT_FOUND;
	buf_free(&old_copy);
	return result;
}

enum store_result store_delete(struct store *store, const char *id, const char *tenant)
{
	struct redis_args args = {0};
	struct response_keys keys;
	long long removed;

	response_keys(&keys, id);
	redis_args_script(&args, SCRIPT_DELETE, 2);
	redis_args_add(&args, keys.response);
	redis_args_add(&args, keys.job);
	redis_args_add(&args, tenant);
	redis_args_add(&args, CHANNEL_CANCEL);
	redis_args_add(&args, id);
	redis_args_add_number(&args, RESPONSE_STATUS_NAME_OFFSET);
	redis_args_add(&args, RESPONSE_STATUS_NAME);
	if (!call(store, &args, 1))
		return STORE_UNAVAILABLE;
	removed = store->replies[0]->integer;
	if (removed == WAS_QUEUED || removed == WAS_COUNTED)
		drop(store, id, removed == WAS_QUEUED, true);
	return removed != 0 ? STORE_OK : STORE_NOT_FOUND;
}

enum store_result store_input(
    struct store *store, const char *id, const char *tenant, struct span *input)
{
	struct redis_args args = {0};
	struct response_keys keys;
	const redisReply *reply;

	response_keys(&keys, id);
	redis_args_add(&args, "HMGET");
	redis_args_add(&args, keys.job);
	redis_args_add(&args, "tenant");
	redis_args_add(&args, "input");
	if (!call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING ||
	    !span_is(span_of_reply(reply->element[0]), tenant))
		return STORE_NOT_FOUND;
	*input = span_of_reply(reply->element[1]);
	return STORE_OK;
}

enum store_result store_context(
    struct store *store, const char *id, const char *tenant, struct stored_context *out)
{
	struct redis_args commands[2] = {{0}, {0}}, *job = &commands[0], *get = &commands[1];
	struct response_keys keys;
	redisReply **fields;

	response_keys(&keys, id);
	redis_args_add(job, "HMGET");
	redis_args_add(job, keys.job);
	redis_args_add(job, "tenant");
	redis_args_add(job, "state");
	redis_args_add(job, "context");
	redis_args_add(job, "input");
	redis_args_add(job, "deployment");
	redis_args_add(job, "follows");
	redis_args_add(get, "GET");
	redis_args_add(get, keys.response);
	if (!call(store, commands, 2))
		return STORE_UNAVAILABLE;
	if (store->replies[0]->elements != 6 || store->replies[1]->type != REDIS_REPLY_STRING)
		return STORE_NOT_FOUND;
	fields = store->replies[0]->element;
	*out = (struct stored_context){
	    .status = response_status_find(span_of_reply(fields[1])),
	    .has_input = fields[3]->type == REDIS_REPLY_STRING,
	    .context = span_of_reply(fields[2]),
	    .input = span_of_reply(fields[3]),
	    .deployment = span_of_reply(fields[4]),
	    .follows = span_of_reply(fields[5]),
	    .object = span_of_reply(store->replies[1]),
	};
	if (fields[0]->type == REDIS_REPLY_STRING)
		return span_is(span_of_reply(fields[0]), tenant) ? STORE_OK : STORE_NOT_FOUND;
	return response_status_peek(out->object) == STATUS_COUNT ? STORE_OK : STORE_NOT_FOUND;
}

enum store_result store_native(
    struct store *store, const char *id, const char *tenant, struct native_response *out)
{
	struct redis_args args = {0};
	struct native_key key;
	const redisReply *reply;

	if (!native_key(&key, id))
		return STORE_NOT_FOUND;
	redis_args_add(&args, "HMGET");
	redis_args_add(&args, key.name);
	redis_args_add(&args, "tenant");
	redis_args_add(&args, "deployment");
	redis_args_add(&args, "model");
	if (!call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->elements != 3 || reply->element[0]->type != REDIS_REPLY_STRING)
		return STORE_NOT_FOUND;
	out->deployment = span_of_reply(reply->element[1]);
	out->model = span_of_reply(reply->element[2]);
	return span_is(span_of_reply(reply->element[0]), tenant) ? STORE_OK : STORE_OTHERS;
}

enum store_result store_remember_native(struct store *store, const char *id, const char *tenant,
    const char *deployment, const char *model, long ttl)
{
	struct redis_args args = {0};
	struct native_key key;

	if (!native_key(&key, id))
		return STORE_OK;
	redis_args_script(&args, SCRIPT_REMEMBER, 1);
	redis_args_add(&args, key.name);
	redis_args_add(&args, tenant);
	redis_args_add(&args, deployment);
	redis_args_add(&args, model);
	redis_args_add_number(&args, ttl);
	if (!call(store, &args, 1))
		return STORE_UNAVAILABLE;
	return store->replies[0]->integer == 1 ? STORE_OK : STORE_OTHERS;
}

enum store_result store_forget_native(struct store *store, const char *id, const char *tenant)
{
	struct redis_args args = {0};
	struct native_key key;

	if (!native_key(&key, id))
		return STORE_OK;
	redis_args_script(&args, SCRIPT_FORGET, 1);
	redis_args_add(&args, key.name);
	redis_args_add(&args, tenant);
	return call(store, &args, 1) ? STORE_OK : STORE_UNAVAILABLE;
}

static enum store_result call_for_health(
    struct store *store, struct redis_args *args, struct health *health)
{
	if (!call(store, args, 1))
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

enum store_result store_ping(struct store *store)
{
	struct redis_args args = {0};

	redis_args_add(&args, "PING");
	return call(store, &args, 1) ? STORE_OK : STORE_UNAVAILABLE;
}
