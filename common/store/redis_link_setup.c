#include <stdio.h>

#include "redis_link_internal.h"

enum { SETTLE_MS = 1000 }; /* after which a connection counts as one that lasts */

static void setup_failed(struct redis_link *link, const char *doing, const redisReply *reply)
{
	char why[256];

	if (reply == NULL)
		return;
	snprintf(why, sizeof(why), "%s: %s", doing, reply->str);
	redis_link_reset(link, why);
}

static void on_setup_reply(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;
	const redisReply *reply = data;

	if (link == NULL || link->redis != redis)
		return;
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		setup_failed(link, privdata, reply);
}

static void on_ready(redisAsyncContext *redis, void *data, void *privdata)
{
	struct redis_link *link = redis->data;
	const redisReply *reply = data;

	if (link == NULL || link->redis != redis)
		return;
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
		setup_failed(link, privdata, reply);
		return;
	}
	redis_link_start_timer(link, SETTLE_MS);
	link->up = true;
	link->user->up(link->user->ctx);
}

void redis_link_set_up(struct redis_link *link)
{
	static char auth[] = "AUTH", select[] = "SELECT", load[] = "SCRIPT LOAD", ping[] = "PING";
	const struct redis_config *config = link->config;
	int s;

	if (config->password != NULL && config->username != NULL)
		redisAsyncCommand(link->redis, on_setup_reply, auth, "AUTH %s %s", config->username,
		    config->password);
	else if (config->password != NULL)
		redisAsyncCommand(link->redis, on_setup_reply, auth, "AUTH %s", config->password);
	if (config->db != 0)
		redisAsyncCommand(link->redis, on_setup_reply, select, "SELECT %d", config->db);
	for (s = 0; link->user->scripts && s < SCRIPT_COUNT; s++)
		redisAsyncCommand(link->redis, on_setup_reply, load, "SCRIPT LOAD %s",
		    script_source((enum script)s));
	redisAsyncCommand(link->redis, on_ready, ping, "PING");
}
