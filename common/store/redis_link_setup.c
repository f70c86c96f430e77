#include <stdio.h>
#include <string.h>

#include "redis_link_internal.h"
#include "redis_reply.h"

enum { SETTLE_MS = 1000 }; /* after which a connection counts as one that lasts */

static void setup_failed(struct redis_link *link, const char *doing, const redisReply *reply)
{
	char why[256];

	snprintf(why, sizeof(why), "%s: %s", doing, reply->str);
	redis_link_reset(link, why);
}

/* The connection's end tells more than what has no reply for it. */
static bool is_refused(const redisReply *reply)
{
	return reply != NULL && reply->type == REDIS_REPLY_ERROR;
}

static void on_setup_reply(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;

	if (link != NULL && is_refused(data))
		setup_failed(link, privdata, data);
}

static void became_up(struct redis_link *link)
{
	redis_link_start_timer(link, SETTLE_MS);
	link->up = true;
	link->user->up(link->user->ctx);
}

static void on_pong(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;

	(void)privdata;
	if (link == NULL || data == NULL)
		return;
	if (is_refused(data))
		setup_failed(link, "PING", data);
	else
		became_up(link);
}

/* Who may not ask for the role learns it by READONLY, when it writes. */
static bool is_no_master(const redisReply *role)
{
	return role->type == REDIS_REPLY_ARRAY && role->elements > 0 &&
	       role->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(role->element[0]->str, "master") != 0;
}

static void on_role(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;
	const redisReply *role = data;
	char text[REDIS_ADDRESS_TEXT_SIZE], why[REDIS_ADDRESS_TEXT_SIZE + 32];

	(void)privdata;
	if (link == NULL || role == NULL)
		return;
	if (is_refused(role) && !reply_is_error(role, "NOPERM")) {
		setup_failed(link, "ROLE", role);
	} else if (is_no_master(role)) {
		redis_address_text(&link->address, text);
		snprintf(why, sizeof(why), "%s is no master", text);
		redis_link_reset(link, why);
	} else {
		became_up(link);
	}
}

static void send_step(struct redis_link *link, const struct redis_args *args)
{
	/* hiredis hands it to the callback, which changes nothing. */
	char *doing = (char *)redis_setup_doing(args);

	redisAsyncCommandArgv(link->redis, redis_setup_may_fail(args) ? NULL : on_setup_reply,
	    doing, args->count, (const char **)args->values, args->lengths);
}

void redis_link_set_up(struct redis_link *link)
{
	struct redis_args args = {0};

	for (int step = 0; redis_setup_step(&link->user->setup, step, &args); step++) {
		send_step(link, &args);
		args = (struct redis_args){0};
	}
	if (link->user->master)
		redisAsyncCommand(link->redis, on_role, NULL, "ROLE");
	else
		redisAsyncCommand(link->redis, on_pong, NULL, "PING");
}
