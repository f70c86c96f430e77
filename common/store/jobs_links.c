#include <string.h>

#include "jobs_internal.h"
#include "redis_args.h"

static void commands_up(void *ctx)
{
	struct jobs *jobs = ctx;

	jobs->silent_ms = 0;
	jobs->settled_ms = 0;
	jobs_send_beat(jobs);
	jobs_look_at_own_list(jobs);
	if (jobs->predecessor[0] != '\0')
		job_lists_take_over(&jobs->lists, jobs->predecessor);
	jobs->predecessor[0] = '\0';
	jobs_take_next(jobs);
	jobs->user->up(jobs->user->ctx);
}

static void on_take_client(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	if (!redis_link_failed(jobs->take, reply, "CLIENT ID"))
		jobs->take_client = reply->integer;
}

static void take_up(void *ctx)
{
	struct jobs *jobs = ctx;
	struct redis_args args = {0};

	redis_args_add(&args, "CLIENT");
	redis_args_add(&args, "ID");
	redis_link_call(jobs->take, &args, on_take_client, jobs);
	/* A move whose reply was lost has left an id in our list. */
	if (redis_link_is_up(jobs->commands))
		jobs_look_at_own_list(jobs);
	jobs_take_next(jobs);
}

static void take_down(void *ctx)
{
	struct jobs *jobs = ctx;

	jobs->taking = false;
}

static void on_message(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return;
	if (strcmp(reply->element[0]->str, "message") == 0)
		jobs->user->revoked(jobs->user->ctx, reply->element[2]->str);
}

static void listen_up(void *ctx)
{
	struct jobs *jobs = ctx;
	struct redis_args args = {0};

	redis_args_add(&args, "SUBSCRIBE");
	redis_args_add(&args, jobs->space.cancel_channel);
	redis_link_call(jobs->listen, &args, on_message, jobs);
}

void jobs_open_links(struct jobs *jobs, struct event_base *base)
{
	const struct redis_config *redis = &jobs->config->redis;

	jobs->command_user = (struct redis_link_user){"commands", true, commands_up, NULL, jobs};
	jobs->take_user = (struct redis_link_user){"queue", false, take_up, take_down, jobs};
	jobs->listen_user = (struct redis_link_user){"cancellations", false, listen_up, NULL, jobs};
	jobs->commands = redis_link_new(base, redis, &jobs->command_user);
	jobs->take = redis_link_new(base, redis, &jobs->take_user);
	jobs->listen = redis_link_new(base, redis, &jobs->listen_user);
}

void jobs_close_links(struct jobs *jobs)
{
	redis_link_free(jobs->take);
	redis_link_free(jobs->listen);
	redis_link_free(jobs->commands);
}
