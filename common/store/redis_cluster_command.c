#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/timer.h"
#include "redis_cluster_internal.h"

static void move(struct cluster_command *command, struct cluster_commands *list)
{
	if (command->list != NULL)
		TAILQ_REMOVE(command->list, command, place);
	command->list = list;
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, command, place);
}

static void free_command(struct cluster_command *command)
{
	free((char *)command->text.p);
	free(command);
}

/* Its caller gets the reply, behind all that is to be done with it. */
static void finish(struct cluster_command *command, redisAsyncContext *redis, redisReply *reply)
{
	redisCallbackFn *fn = command->fn;
	void *privdata = command->privdata;

	move(command, NULL);
	evtimer_del(&command->timer);
	free_command(command);
	fn(redis, reply, privdata);
}

/* hiredis has it, and will call back. */
static void finish_sent(struct cluster_command *command)
{
	move(command, NULL);
	command->cluster = NULL;
	command->fn(NULL, NULL, command->privdata);
}

static void on_waited(evutil_socket_t fd, short what, void *ctx)
{
	struct cluster_command *command = ctx;

	(void)fd;
	(void)what;
	if (command->list == &command->cluster->pausing)
		cluster_command_dispatch(command);
	else
		finish(command, NULL, NULL);
}

/* Who waits already does not wait for longer by waiting elsewhere. */
static void wait_in(struct cluster_command *command, struct cluster_commands *list, int ms)
{
	move(command, list);
	if (!evtimer_pending(&command->timer, NULL))
		timer_set(&command->timer, ms);
	cluster_watch(command->cluster);
}

static void on_reply(redisAsyncContext *redis, void *data, void *privdata);

static bool send_now(struct cluster_command *command, struct cluster_node *node)
{
	if (command->asking &&
	    !redis_link_send(node->redis, SPAN("*1\r\n$6\r\nASKING\r\n"), NULL, NULL))
		return false;
	if (!redis_link_send(node->redis, command->text, on_reply, command))
		return false;
	evtimer_del(&command->timer);
	command->asking = false;
	command->node = node;
	node->used_at = monotonic_ms();
	move(command, &node->sent);
	cluster_watch(command->cluster);
	return true;
}

static void send_to(struct cluster_command *command, struct cluster_node *node)
{
	if (!send_now(command, node))
		wait_in(command, &node->waiting, CLUSTER_WAIT_MS);
}

void cluster_command_dispatch(struct cluster_command *command)
{
	struct cluster_node *owner = cluster_owner(command->cluster, command->slot);

	command->asking = false;
	if (owner != NULL)
		send_to(command, owner);
	else
		wait_in(command, &command->cluster->unowned, CLUSTER_WAIT_MS);
}

void cluster_commands_dispatch(struct cluster_commands *commands, struct cluster_node *asked)
{
	struct cluster_commands moving;
	struct cluster_command *command;

	/* They may come back to the same list. */
	TAILQ_INIT(&moving);
	while ((command = TAILQ_FIRST(commands)) != NULL)
		move(command, &moving);
	while ((command = TAILQ_FIRST(&moving)) != NULL) {
		if (command->asking && asked != NULL)
			send_to(command, asked);
		else
			cluster_command_dispatch(command);
	}
}

void cluster_commands_end(struct cluster_commands *commands)
{
	struct cluster_command *command;

	while ((command = TAILQ_FIRST(commands)) != NULL) {
		if (command->node != NULL && commands == &command->node->sent)
			finish_sent(command);
		else
			finish(command, NULL, NULL);
	}
}

/* The caller has to do with what is left. */
static void give_reply(struct cluster_command *command, redisAsyncContext *redis, redisReply *reply)
{
	struct cluster_node *node = command->node;

	if (redis_retry_is_useless_server(reply)) {
		topology_doubt(command->cluster->topology, &node->address);
		redis_link_reset(node->redis, reply->str);
	}
	finish(command, redis, reply);
}

static void take_reply(struct cluster_command *command, redisAsyncContext *redis, redisReply *reply)
{
	struct redis_cluster *cluster = command->cluster;
	struct cluster_node *node = command->node;
	struct redirection to;
	enum redis_retry_step step =
	    redis_retry_next(&command->retry, reply, &node->address, monotonic_ms(), &to);

	/* Whatever is done may be the end of the node, and of what was sent to it. */
	move(command, &cluster->pausing);
	switch (step) {
	case RETRY_MOVED:
		topology_moved(cluster->topology, to.slot, &to.to);
		cluster_command_dispatch(command);
		break;
	case RETRY_ASK:
		command->asking = true;
		send_to(command, cluster_node_at(cluster, &to.to));
		break;
	case RETRY_LATER:
		wait_in(command, &cluster->pausing, redis_retry_pause(&command->retry));
		break;
	case RETRY_ANEW:
		redis_link_reset(node->redis, "the server has lost our scripts");
		cluster_command_dispatch(command);
		break;
	default:
		give_reply(command, redis, reply);
	}
}

static void on_reply(redisAsyncContext *redis, void *data, void *privdata)
{
	struct cluster_command *command = privdata;

	if (command->cluster == NULL)
		free_command(command);
	else if (data == NULL)
		finish(command, redis, NULL);
	else
		take_reply(command, redis, data);
}

/* Whether the slot's server could not be reached for so long that it is of no use to wait. */
static bool is_away(struct redis_cluster *cluster, int slot)
{
	const struct cluster_node *owner = cluster_owner(cluster, slot);
	long long since = owner != NULL ? owner->down_at : cluster->begun_at;

	return since != 0 && monotonic_ms() - since > CLUSTER_WAIT_MS;
}

bool redis_cluster_send(
    struct redis_cluster *cluster, int slot, struct span text, redisCallbackFn *fn, void *privdata)
{
	struct cluster_command *command;

	if (cluster->closing || is_away(cluster, slot)) {
		free((char *)text.p);
		return false;
	}
	command = xcalloc(1, sizeof(*command));
	command->cluster = cluster;
	command->slot = slot;
	command->text = text;
	command->fn = fn;
	command->privdata = privdata;
	evtimer_assign(&command->timer, topology_base(cluster->topology), on_waited, command);
	cluster_command_dispatch(command);
	return true;
}
