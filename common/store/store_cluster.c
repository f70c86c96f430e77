#include "store_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "redirection.h"
#include "redis_reply.h"
#include "store_cluster_map.h"

enum {
	FIRST_SLEEP_MS = 5,
	LONGEST_SLEEP_MS = 20,
	/* So often a command follows where it is sent without a sleep between. */
	QUICK_TRIES = 3,
};

/* What became of a command. */
enum outcome {
	ANSWERED, /* there is a reply, and it is no error */
	AGAIN,    /* it is known where else to ask, or the connection was old */
	LATER,    /* perhaps in a moment */
	FAILED,
};

/* One command on its way. */
struct errand {
	const struct redis_args *command;
	int slot;
	bool asking;              /* the next node is another than the owner, for once */
	struct redis_address ask; /* that one */
	int tries;
};

void store_cluster_init(struct store_cluster *cluster, const struct store_access *access)
{
	*cluster = (struct store_cluster){.access = access, .map_is_stale = true};
	slot_map_init(&cluster->map);
}

void store_cluster_close(struct store_cluster *cluster)
{
	for (size_t i = 0; i < cluster->node_count; i++) {
		store_server_disconnect(cluster->nodes[i]);
		free(cluster->nodes[i]);
	}
	free(cluster->nodes);
	slot_map_free(&cluster->map);
}

static enum outcome failed(struct store_cluster *cluster, const struct store_server *node)
{
	memcpy(cluster->error, node->error, sizeof(cluster->error));
	return FAILED;
}

static struct store_server *owner_of(struct store_cluster *cluster, int slot)
{
	const struct redis_address *owner = slot_map_owner(&cluster->map, slot);

	return owner != NULL ? store_cluster_node(cluster, owner) : NULL;
}

/* Whether the others say that the slot is not that node's any more, which is in trouble. */
static enum outcome ask_others(
    struct store_cluster *cluster, int slot, const struct store_server *node)
{
	struct redis_address lost = node->address;
	const struct redis_address *owner;
	char error[STORE_ERROR_SIZE];

	memcpy(error, node->error, sizeof(error));
	store_cluster_suspect(cluster, &lost);
	store_cluster_refresh(cluster);
	memcpy(cluster->error, error, sizeof(cluster->error));
	owner = slot_map_owner(&cluster->map, slot);
	return owner != NULL && !redis_address_same(owner, &lost) ? AGAIN : FAILED;
}

/* The connection was kept from an earlier call: that it broke says nothing of the node. */
static enum outcome lost(struct store_cluster *cluster, const struct errand *errand,
    struct store_server *node, bool kept)
{
	if (kept && !node->timed_out)
		return AGAIN;
	if (!node->timed_out)
		return ask_others(cluster, errand->slot, node);
	store_cluster_suspect(cluster, &node->address);
	return failed(cluster, node);
}

static enum outcome refused(struct store_cluster *cluster, struct errand *errand,
    struct store_server *node, const redisReply *reply, bool kept)
{
	struct redirection redirection;

	store_server_failed(node, errand->command->values[0], reply->str);
	failed(cluster, node);
	if (kept && reply_is_error(reply, "NOSCRIPT")) {
		store_server_disconnect(node);
		return AGAIN;
	}
	switch (redirection_read(&redirection, reply, &node->address)) {
	case REDIRECTION_MOVED:
		slot_map_move(&cluster->map, errand->slot, &redirection.to);
		cluster->map_is_stale = true;
		return AGAIN;
	case REDIRECTION_ASK:
		errand->asking = true;
		errand->ask = redirection.to;
		return AGAIN;
	case REDIRECTION_LATER:
		if (!reply_is_error(reply, "TRYAGAIN"))
			store_cluster_suspect(cluster, &node->address);
		return LATER;
	case REDIRECTION_NONE:
		break;
	}
	return FAILED;
}

/* Sends the command, behind ASKING if that is wanted. NULL if the connection broke. */
static redisReply *exchange(
    struct store_server *node, const struct redis_args *command, bool asking)
{
	struct redis_args first = {0};
	redisReply *reply;

	if (!asking)
		return store_server_exchange(node, command, 1, &reply) ? reply : NULL;
	redis_args_add(&first, "ASKING");
	store_server_send(node, &first);
	store_server_send(node, command);
	reply = store_server_receive(node, "ASKING");
	if (reply == NULL)
		return NULL;
	freeReplyObject(reply);
	return store_server_receive(node, command->values[0]);
}

static enum outcome try_node(struct store_cluster *cluster, struct errand *errand,
    struct store_server *node, bool asking, redisReply **reply)
{
	bool kept = node->redis != NULL;
	enum outcome outcome;

	if (!store_server_connect(node))
		return ask_others(cluster, errand->slot, node);
	*reply = exchange(node, errand->command, asking);
	if (*reply == NULL)
		return lost(cluster, errand, node, kept);
	if ((*reply)->type != REDIS_REPLY_ERROR)
		return ANSWERED;
	outcome = refused(cluster, errand, node, *reply, kept);
	freeReplyObject(*reply);
	*reply = NULL;
	return outcome;
}

static enum outcome try(struct store_cluster *cluster, struct errand *errand, redisReply **reply)
{
	bool asking = errand->asking;
	struct store_server *node;

	store_cluster_refresh(cluster);
	node = asking ? store_cluster_node(cluster, &errand->ask) : owner_of(cluster, errand->slot);
	errand->asking = false;
	errand->tries++;
	if (node != NULL)
		return try_node(cluster, errand, node, asking, reply);
	if (cluster->map.node_count == 0)
		return FAILED;
	snprintf(cluster->error, sizeof(cluster->error), "%s: no node has the slot %d",
	    errand->command->values[0], errand->slot);
	cluster->map_is_stale = true;
	return LATER;
}

static void sleep_between(const struct errand *errand)
{
	int doubled = errand->tries < QUICK_TRIES ? errand->tries : QUICK_TRIES;
	int ms = FIRST_SLEEP_MS << (doubled - 1);
	struct timespec duration = {0, (ms < LONGEST_SLEEP_MS ? ms : LONGEST_SLEEP_MS) * 1000000L};

	nanosleep(&duration, NULL);
}

static int slot_of(const struct redis_args *command)
{
	return redis_slot(redis_args_key(command));
}

static bool call_one(struct store_cluster *cluster, const struct redis_args *command,
    redisReply **reply, long long deadline)
{
	struct errand errand = {.command = command, .slot = slot_of(command)};
	enum outcome outcome;

	for (;;) {
		outcome = try(cluster, &errand, reply);
		if (outcome == ANSWERED || outcome == FAILED)
			return outcome == ANSWERED;
		if (monotonic_ms() >= deadline)
			return false;
		if (outcome == LATER || errand.tries > QUICK_TRIES)
			sleep_between(&errand);
	}
}

static bool have_one_slot(const struct redis_args *commands, int count)
{
	int slot = slot_of(&commands[0]), i;

	for (i = 1; i < count; i++)
		if (slot_of(&commands[i]) != slot)
			return false;
	return true;
}

/* ANSWERED, FAILED, or AGAIN if each command has to find its own way. */
static enum outcome call_together(struct store_cluster *cluster, const struct redis_args *commands,
    int count, redisReply **replies)
{
	struct store_server *node;

	store_cluster_refresh(cluster);
	node = owner_of(cluster, slot_of(&commands[0]));
	if (node == NULL || !store_server_connect(node))
		return AGAIN;
	if (store_server_exchange(node, commands, count, replies) &&
	    replies_find_error(replies, count) < 0)
		return ANSWERED;
	replies_free(replies, count);
	if (node->redis != NULL || !node->timed_out)
		return AGAIN;
	store_cluster_suspect(cluster, &node->address);
	return failed(cluster, node);
}

bool store_cluster_call(struct store_cluster *cluster, const struct redis_args *commands, int count,
    redisReply **replies, int patience)
{
	long long deadline = monotonic_ms() + patience;
	enum outcome outcome = AGAIN;
	bool ok = true;
	int i;

	if (count > 1 && have_one_slot(commands, count))
		outcome = call_together(cluster, commands, count, replies);
	if (outcome != AGAIN)
		return outcome == ANSWERED;
	for (i = 0; ok && i < count; i++)
		ok = call_one(cluster, &commands[i], &replies[i], deadline);
	return ok;
}
