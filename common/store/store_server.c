#include "store_server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "redis_setup.h"
#include "redis_text.h"
#include "scripts.h"

/* A client waits for the answer: better none from Redis than one that comes too late. */
static const struct timeval connect_timeout = {0, 500 * 1000};
static const struct timeval command_timeout = {1, 0};
/* Where another server may be asked instead. */
static const struct timeval setup_timeout = {0, 500 * 1000};
static const struct timeval sentinel_timeout = {0, 250 * 1000};

/* What the responder needs; others are loaded where they are used. */
static const enum script used_scripts[] = {SCRIPT_CANCEL, SCRIPT_CREATE, SCRIPT_DELETE,
    SCRIPT_DRAIN, SCRIPT_DROP, SCRIPT_ENQUEUE, SCRIPT_LIST, SCRIPT_PAUSE, SCRIPT_REPLACE,
    SCRIPT_RESUME, SCRIPT_SNAPSHOT, SCRIPT_WEBHOOKS_LIST, SCRIPT_WEBHOOKS_RETRY};

void store_server_init(struct store_server *server, const struct store_access *access,
    enum store_server_role role, const struct redis_address *address)
{
	const struct redis_config *config = access->config;
	const char *host = config->socket_path != NULL ? config->socket_path : config->host;

	*server = (struct store_server){.access = access, .role = role};
	if (address != NULL)
		server->address = *address;
	else
		redis_address_set(&server->address, host, config->port);
}

void store_server_disconnect(struct store_server *server)
{
	if (server->redis != NULL)
		redisFree(server->redis);
	server->redis = NULL;
}

bool store_server_failed(struct store_server *server, const char *doing, const char *why)
{
	char address[REDIS_ADDRESS_TEXT_SIZE];

	snprintf(server->error, sizeof(server->error), "%s: %s: %s",
	    redis_address_text(&server->address, address), doing, why);
	return false;
}

/* To be called right after hiredis has failed, while errno is as it left it. */
static void connection_failed(struct store_server *server, const char *doing)
{
	server->timed_out =
	    server->redis->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
	store_server_failed(
	    server, doing, server->timed_out ? "no answer in time" : server->redis->errstr);
}

/* Of the first commands, or of those that follow. */
static struct timeval timeout_of(const struct store_server *server, bool setup)
{
	if (server->role == STORE_SERVER_SENTINEL)
		return sentinel_timeout;
	return setup && server->role != STORE_SERVER_ONLY ? setup_timeout : command_timeout;
}

void store_server_set_timeout(struct store_server *server, struct timeval timeout)
{
	redisSetTimeout(server->redis, timeout);
}

void store_server_reset_timeout(struct store_server *server)
{
	store_server_set_timeout(server, timeout_of(server, false));
}

void store_server_send(struct store_server *server, const struct redis_args *args)
{
	struct buf text = {0};

	redis_text_command(&text, args);
	redisAppendFormattedCommand(server->redis, text.data, text.len);
	buf_free(&text);
}

redisReply *store_server_receive(struct store_server *server, const char *doing)
{
	redisReply *reply = NULL;

	if (redisGetReply(server->redis, (void **)&reply) == REDIS_OK)
		return reply;
	connection_failed(server, doing);
	store_server_disconnect(server);
	return NULL;
}

static bool has_come(const redisContext *redis)
{
	struct pollfd readable = {.fd = redis->fd, .events = POLLIN};

	return poll(&readable, 1, 0) > 0;
}

redisReply *store_server_heard(struct store_server *server)
{
	redisReply *reply = NULL;

	if (server->redis == NULL)
		return NULL;
	if (redisGetReplyFromReader(server->redis, (void **)&reply) == REDIS_OK &&
	    (reply != NULL || !has_come(server->redis)))
		return reply;
	if (redisBufferRead(server->redis) == REDIS_OK &&
	    redisGetReplyFromReader(server->redis, (void **)&reply) == REDIS_OK)
		return reply;
	store_server_disconnect(server);
	return NULL;
}

bool store_server_exchange(
    struct store_server *server, const struct redis_args *commands, int count, redisReply **replies)
{
	int i;

	for (i = 0; i < count; i++)
		store_server_send(server, &commands[i]);
	for (i = 0; i < count; i++) {
		replies[i] = store_server_receive(server, commands[i].values[0]);
		if (replies[i] == NULL)
			return false;
	}
	return true;
}

/* The reply to what belongs to setting up the connection must not be an error, unless it may. */
static redisReply *setup_reply(struct store_server *server, const char *doing, bool may_fail)
{
	redisReply *reply = store_server_receive(server, doing);

	if (reply == NULL || reply->type != REDIS_REPLY_ERROR || may_fail)
		return reply;
	store_server_failed(server, doing, reply->str);
	freeReplyObject(reply);
	return NULL;
}

static bool expect_done(struct store_server *server, const struct redis_args *args)
{
	redisReply *reply =
	    setup_reply(server, redis_setup_doing(args), redis_setup_may_fail(args));

	if (reply == NULL)
		return false;
	freeReplyObject(reply);
	return true;
}

static bool expect_master(struct store_server *server)
{
	redisReply *reply = setup_reply(server, "ROLE", false);
	bool is_master;

	if (reply == NULL)
		return false;
	is_master = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
		    reply->element[0]->type == REDIS_REPLY_STRING &&
		    strcmp(reply->element[0]->str, "master") == 0;
	freeReplyObject(reply);
	return is_master || store_server_failed(server, "ROLE", "it is no master");
}

/* All in one round trip. */
static bool set_up(struct store_server *server)
{
	struct redis_setup setup = {
	    .config = server->access->config,
	    .name = "respool-responder",
	    .sentinel = server->role == STORE_SERVER_SENTINEL,
	    .scripts = used_scripts,
	    .script_count = sizeof(used_scripts) / sizeof(used_scripts[0]),
	};
	bool ok = true;
	int step;

	for (step = 0;; step++) {
		struct redis_args args = {0};

		if (!redis_setup_step(&setup, step, &args))
			break;
		store_server_send(server, &args);
	}
	if (server->role == STORE_SERVER_MASTER)
		redisAppendCommand(server->redis, "ROLE");
	for (step = 0; ok; step++) {
		struct redis_args args = {0};

		if (!redis_setup_step(&setup, step, &args))
			break;
		ok = expect_done(server, &args);
	}
	return ok && (server->role != STORE_SERVER_MASTER || expect_master(server));
}

static redisContext *open_connection(const struct store_server *server)
{
	const struct redis_address *address = &server->address;

	if (redis_address_is_socket(address))
		return redisConnectUnixWithTimeout(address->host, connect_timeout);
	return redisConnectWithTimeout(address->host, address->port,
	    server->role == STORE_SERVER_SENTINEL ? sentinel_timeout : connect_timeout);
}

static bool connect_and_set_up(struct store_server *server)
{
	server->timed_out = false;
	server->redis = open_connection(server);
	if (server->redis == NULL)
		return store_server_failed(server, "connect", "out of memory");
	if (server->redis->err != 0 ||
	    !redis_tls_begin(server->access->tls, server->redis, server->address.host))
		return store_server_failed(server, "connect", server->redis->errstr);
	store_server_set_timeout(server, timeout_of(server, true));
	if (!set_up(server))
		return false;
	if (server->role == STORE_SERVER_NODE || server->role == STORE_SERVER_MASTER)
		store_server_reset_timeout(server);
	return true;
}

bool store_server_connect(struct store_server *server)
{
	if (server->redis != NULL)
		return true;
	if (retry_pause_lasts(&server->pause))
		return false;
	if (connect_and_set_up(server)) {
		retry_pause_end(&server->pause);
		return true;
	}
	store_server_disconnect(server);
	retry_pause_begin(&server->pause);
	return false;
}
