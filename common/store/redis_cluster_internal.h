/*
 * What the parts of redis_cluster share. redis_cluster.c knows which servers there are and watches
 * them, redis_cluster_node.c has the connection to one, redis_cluster_command.c brings a command to
 * its reply.
 */
#ifndef RESPOOL_REDIS_CLUSTER_INTERNAL_H
#define RESPOOL_REDIS_CLUSTER_INTERNAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "redis_cluster.h"
#include "redis_retry.h"

struct cluster_command;
struct cluster_node;

TAILQ_HEAD(cluster_commands, cluster_command);
LIST_HEAD(cluster_nodes, cluster_node);

/* A server, and the connection to it. */
struct cluster_node {
	LIST_ENTRY(cluster_node) link;
	struct redis_cluster *cluster;
	struct redis_address address;
	char name[REDIS_ADDRESS_TEXT_SIZE + 64]; /* for messages */
	struct redis_link_user user;
	struct redis_link *redis;
	struct cluster_commands sent;
	struct cluster_commands waiting; /* to be sent when the connection is up */
	long long down_at;               /* ms: since when it is not, while it is not */
	long long used_at;               /* ms: when a command was sent to it */
	int silent_ms;                   /* while answers are owed */
};

/*
 * Each is in one list: what was sent to a node or waits for it, or in one of those of the cluster.
 * What was sent is also in hiredis' hands, which calls back in the end.
 */
struct cluster_command {
	TAILQ_ENTRY(cluster_command) place;
	struct cluster_commands *list;
	struct redis_cluster *cluster; /* NULL if nobody waits for it any more */
	struct cluster_node *node;     /* to which it was sent */
	struct event timer;            /* while it waits */
	int slot;
	bool asking; /* ASKING goes before it, this one time */
	struct redis_retry retry;
	struct span text;
	redisCallbackFn *fn;
	void *privdata;
};

struct redis_cluster {
	struct topology *topology;
	const struct redis_client_user *user;
	const char *connection;
	struct topology_user member;
	struct cluster_nodes nodes;
	struct cluster_commands unowned; /* wait for somebody to have their slot */
	struct cluster_commands pausing; /* wait to be sent again */
	long long begun_at;              /* ms */
	int home;
	bool up;
	bool closing;
	struct event watch;
};

/* redis_cluster.c */
/* The node at an address, made if there is none. */
struct cluster_node *cluster_node_at(
    struct redis_cluster *cluster, const struct redis_address *address);
/* The node that has a slot, or any with SLOT_NONE; NULL if that is not known. */
struct cluster_node *cluster_owner(struct redis_cluster *cluster, int slot);
/* Something is to be watched from now on: a command was sent, or a node is not up. */
void cluster_watch(struct redis_cluster *cluster);
/* A node's connection is up, or down. */
void cluster_node_came_up(struct cluster_node *node);
void cluster_node_went_down(struct cluster_node *node);

/* redis_cluster_node.c */
struct cluster_node *cluster_node_new(
    struct redis_cluster *cluster, const struct redis_address *address);
/* Commands that were sent get NULL replies, those that wait are sent elsewhere. */
void cluster_node_free(struct cluster_node *node);

/* redis_cluster_command.c */
enum { CLUSTER_WAIT_MS = 1000 /* for a server that cannot be reached */ };
/* Sends it where it belongs now, or has it wait for that. */
void cluster_command_dispatch(struct cluster_command *command);
/* The same for all of a list; those who are to ask go to that node, unless it is NULL. */
void cluster_commands_dispatch(struct cluster_commands *commands, struct cluster_node *asked);
/* Each gets a NULL reply. */
void cluster_commands_end(struct cluster_commands *commands);

#endif
