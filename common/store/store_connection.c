#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "store_internal.h"

/* A client waits for the answer: better none from Redis than one that comes too late. */
static const struct timeval connect_timeout = {0, 500 * 1000};
static const struct timeval command_timeout = {1, 0};

enum {
	/* Between tries to connect, so that answers without Redis cost next to nothing. */
	FIRST_PAUSE_MS = 50,
	LONGEST_PAUSE_MS = 1000,
};

/* What the responder needs; others are loaded where they are used. */
static const enum script used_scripts[] = {
    SCRIPT_CANCEL, SCRIPT_CREATE, SCRIPT_DELETE, SCRIPT_DROP, SCRIPT_ENQUEUE, SCRIPT_REPLACE};

enum { USED_SCRIPTS = sizeof(used_scripts) / sizeof(used_scripts[0]) };

struct store *store_open(const struct redis_config *config)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->config = config;
	key_space_init(&store->space, config->namespace);
	store->pause_ms = FIRST_PAUSE_MS;
	return store;
}

static void free_replies(struct store *store)
{
	int i;

	for (i = 0; i < STORE_MAX_REPLIES; i++) {
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
		ok = expect_ok(store, "SCRIPT LOAD");
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

bool store_call(struct store *store, struct redis_args *commands, int count)
{
	free_replies(store);
	store->error[0] = '\0';
	store->fresh = false;
	store->timed_out = false;
	for (;;) {
		if (store->redis == NULL && !connect_to_redis(store))
			return false;
		if (exchange(store, commands, count) && !lacks_script(store, count))
			return check_errors(store, commands, count);
		disconnect(store);
		if (store->fresh || store->timed_out)
			return false;
		free_replies(store);
	}
}

void store_call_aside(struct store *store, struct redis_args *args)
{
	redisReply *reply = NULL;

	append_command(store, args);
	if (redisGetReply(store->redis, (void **)&reply) != REDIS_OK)
		disconnect(store);
	else
		freeReplyObject(reply);
}

enum store_result store_ping(struct store *store)
{
	struct redis_args args = {0};

	redis_args_add(&args, "PING");
	return store_call(store, &args, 1) ? STORE_OK : STORE_UNAVAILABLE;
}
