#include <string.h>

#include "drop_args.h"
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
	jobs_seek_advice(jobs);
	jobs->user->up(jobs->user->ctx);
}

/* Jobs of the rest go on whatever becomes of these; some may have waited for these. */
static void commands_part_up(void *ctx)
{
	struct jobs *jobs = ctx;

	jobs_look_at_own_list(jobs);
	jobs->user->up(jobs->user->ctx);
}

static void on_take_client(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	if (!redis_client_failed(jobs->take, reply, "CLIENT ID"))
		jobs->take_client = reply->integer;
}

static void take_up(void *ctx)
{
	struct jobs *jobs = ctx;
	struct redis_args args = {0};

	redis_args_add(&args, "CLIENT");
	redis_args_add(&args, "ID");
	redis_client_call(jobs->take, &args, on_take_client, jobs);
	/* A move whose reply was lost has left an id in our list. */
	if (redis_client_is_up(jobs->commands))
		jobs_look_at_own_list(jobs);
	jobs_take_next(jobs);
}

static void take_down(void *ctx)
{
	struct jobs *jobs = ctx;

	jobs->taking = false;
	jobs->take_client = 0;
}

/* "<id>", or "<id> deleted". */
static void tell_revoked(struct jobs *jobs, const char *message)
{
	const char *blank = strchr(message, ' ');
	size_t len = blank != NULL ? (size_t)(blank - message) : strlen(message);
	char id[RESPONSE_ID_MAX + 1];

	if (!response_id_copy(id, (struct span){message, len}))
		return;
	jobs->user->revoked(
	    jobs->user->ctx, id, blank != NULL && strcmp(blank + 1, DROP_DELETED) == 0);
}

static void on_message(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	const redisReply *reply = data;

	(void)redis;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return;
	if (strcmp(reply->element[0]->str, "message") == 0)
		tell_revoked(jobs, reply->element[2]->str);
}

static void listen_up(void *ctx)
{
	struct jobs *jobs = ctx;
	struct redis_args args = {0};

	redis_args_add(&args, "SUBSCRIBE");
	redis_args_add(&args, jobs->space.cancel_channel);
	redis_client_call(jobs->listen, &args, on_message, jobs);
}

static const enum script scripts[] = {SCRIPT_BEAT, SCRIPT_BURY, SCRIPT_CLAIM, SCRIPT_DROP,
    SCRIPT_FLUSH, SCRIPT_HEALTH, SCRIPT_LAPSED, SCRIPT_NOTE, SCRIPT_RECLAIM, SCRIPT_RELEASE,
    SCRIPT_REPORT, SCRIPT_REQUEUE, SCRIPT_WEBHOOKS_CLAIM, SCRIPT_WEBHOOKS_REPORT};

/*
 * Leases, lists and the queue are in one slot, which is home to all: a worker is at work for as
 * long as that can be reached, whatever else of a Cluster cannot.
 */
void jobs_open_links(struct jobs *jobs, struct event_base *base)
{
	const char *home = jobs->space.queue;

	jobs->command_user = (struct redis_client_user){
	    .name = "commands",
	    .home = home,
	    .scripts = scripts,
	    .script_count = sizeof(scripts) / sizeof(scripts[0]),
	    .up = commands_up,
	    .part_up = commands_part_up,
	    .ctx = jobs,
	};
	jobs->take_user = (struct redis_client_user){.name = "queue",
	    .reach = REACH_HOME,
	    .home = home,
	    .up = take_up,
	    .down = take_down,
	    .ctx = jobs};
	jobs->listen_user = (struct redis_client_user){
	    .name = "cancellations", .reach = REACH_ANY, .up = listen_up, .ctx = jobs};
	jobs->topology = topology_new(base, &jobs->config->redis, "worker");
	jobs->commands = redis_client_new(jobs->topology, &jobs->command_user);
	jobs->writes = write_batch_new(base, jobs->commands);
	jobs->take = redis_client_new(jobs->topology, &jobs->take_user);
	jobs->listen = redis_client_new(jobs->topology, &jobs->listen_user);
}

void jobs_close_links(struct jobs *jobs)
{
	write_batch_free(jobs->writes);
	redis_client_free(jobs->take);
	redis_client_free(jobs->listen);
	redis_client_free(jobs->commands);
	topology_free(jobs->topology);
}
