#include "redis_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event_struct.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "redirection.h"
#include "redis_cluster.h"
#include "redis_link.h"
#include "redis_reply.h"
#include "redis_slot.h"
#include "redis_text.h"

enum { WATCH_MS = 500 };

struct redis_client {
	struct topology *topology;
	const struct redis_client_user *user;
	char connection[64]; /* CLIENT SETNAME */
	time_t last_error;   /* when an error reply was logged: at most one each second */
	int home;            /* the slot of the home key, or SLOT_NONE */

	struct redis_cluster *cluster; /* with all slots of one; then there is nothing else */

	struct redis_link_user link_user;
	struct redis_link *link;
	struct topology_user member;
	struct redis_address chosen; /* with REACH_ANY of a Cluster; "" if none is */
	struct event watch;          /* of the link, unless there is one server anyway */
};

static bool has_choice(const struct redis_client *client)
{
	return topology_kind(client->topology) != REDIS_SINGLE;
}

/* Of any, one is as good as another for as long as it belongs to the Cluster. */
static const struct redis_address *choose_any(struct redis_client *client)
{
	const struct redis_address *any;

	if (slot_map_has(topology_slots(client->topology), &client->chosen))
		return &client->chosen;
	any = topology_any(client->topology);
	if (any != NULL)
		client->chosen = *any;
	return any;
}

/* redis_link_user.where */
static const struct redis_address *where(void *ctx)
{
	struct redis_client *client = ctx;

	if (client->user->reach == REACH_ANY && topology_kind(client->topology) == REDIS_CLUSTER)
		return choose_any(client);
	return topology_server(client->topology, client->home);
}

static void start_watch(struct redis_client *client)
{
	static const struct timeval delay = {WATCH_MS / 1000, WATCH_MS % 1000 * 1000};

	if (has_choice(client) && !evtimer_pending(&client->watch, NULL))
		evtimer_add(&client->watch, &delay);
}

/*
 * A server that does not answer may have been replaced by another. Of connections that wait for
 * what may never come, nothing can be told from that.
 */
static void on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_client *client = ctx;
	bool silent = redis_link_is_silent(client->link);
	bool up = redis_link_is_up(client->link);

	(void)fd;
	(void)what;
	if (!up || (silent && client->user->reach == REACH_ALL_SLOTS))
		topology_doubt(client->topology, redis_link_address(client->link));
	if (!up || (redis_link_owes(client->link) && client->user->reach == REACH_ALL_SLOTS))
		start_watch(client);
}

static void on_up(void *ctx)
{
	struct redis_client *client = ctx;

	client->user->up(client->user->ctx);
}

static void on_down(void *ctx)
{
	struct redis_client *client = ctx;

	start_watch(client);
	if (client->user->down != NULL)
		client->user->down(client->user->ctx);
}

static void on_failed(void *ctx, const char *why)
{
	struct redis_client *client = ctx;

	(void)why;
	topology_doubt(client->topology, redis_link_address(client->link));
	client->chosen.host[0] = '\0';
}

/* topology_user.changed */
static void on_changed(void *ctx)
{
	struct redis_client *client = ctx;

	redis_link_follow(client->link);
}

static void name_connection(struct redis_client *client)
{
	snprintf(client->connection, sizeof(client->connection), "respool-%s-%s",
	    topology_role(client->topology), client->user->name);
	for (char *c = client->connection; *c != '\0'; c++)
		if (*c == ' ')
			*c = '-';
}

static void open_link(struct redis_client *client)
{
	struct topology *topology = client->topology;
	const struct redis_client_user *user = client->user;

	client->link_user = (struct redis_link_user){
	    .name = user->name,
	    .setup = {.config = topology_config(topology),
		.name = client->connection,
		.scripts = user->scripts,
		.script_count = user->script_count},
	    .tls = topology_tls(topology),
	    .master = topology_kind(topology) == REDIS_SENTINEL,
	    .where = where,
	    .up = on_up,
	    .down = on_down,
	    .failed = has_choice(client) ? on_failed : NULL,
	    .ctx = client,
	};
	client->link = redis_link_new(topology_base(topology), &client->link_user);
	client->member = (struct topology_user){.changed = on_changed, .ctx = client};
	topology_join(topology, &client->member);
	evtimer_assign(&client->watch, topology_base(topology), on_watch, client);
	start_watch(client);
}

struct redis_client *redis_client_new(
    struct topology *topology, const struct redis_client_user *user)
{
	struct redis_client *client = xcalloc(1, sizeof(*client));

	client->topology = topology;
	client->user = user;
	client->home = user->home != NULL ? redis_slot(span_of(user->home)) : SLOT_NONE;
	name_connection(client);
	if (topology_kind(topology) == REDIS_CLUSTER && user->reach == REACH_ALL_SLOTS)
		client->cluster =
		    redis_cluster_new(topology, user, client->home, client->connection);
	else
		open_link(client);
	return client;
}

static void close_link(struct redis_client *client)
{
	topology_leave(client->topology, &client->member);
	evtimer_del(&client->watch);
	redis_link_free(client->link);
}

void redis_client_free(struct redis_client *client)
{
	if (client == NULL)
		return;
	if (client->cluster != NULL)
		redis_cluster_free(client->cluster);
	else
		close_link(client);
	free(client);
}

bool redis_client_is_up(const struct redis_client *client)
{
	return client->cluster != NULL ? redis_cluster_is_up(client->cluster)
				       : redis_link_is_up(client->link);
}

bool redis_client_is_cluster(const struct redis_client *client)
{
	return client->cluster != NULL;
}

static int slot_of(struct span key)
{
	return key.len != 0 ? redis_slot(key) : SLOT_NONE;
}

static bool call_in_cluster(struct redis_client *client, struct span key, struct redis_args *args,
    redisCallbackFn *fn, void *privdata)
{
	struct buf text = {0};

	redis_text_command(&text, args);
	return redis_cluster_send(client->cluster, slot_of(key), buf_span(&text), fn, privdata);
}

static bool call_about(struct redis_client *client, struct span key, struct redis_args *args,
    redisCallbackFn *fn, void *privdata)
{
	if (client->cluster != NULL)
		return call_in_cluster(client, key, args, fn, privdata);
	if (client->user->reach == REACH_ALL_SLOTS)
		start_watch(client);
	return redis_link_call(client->link, args, fn, privdata);
}

bool redis_client_call(
    struct redis_client *client, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	return call_about(client, redis_args_key(args), args, fn, privdata);
}

bool redis_client_call_at(struct redis_client *client, const char *key, struct redis_args *args,
    redisCallbackFn *fn, void *privdata)
{
	return call_about(client, span_of(key), args, fn, privdata);
}

bool redis_client_send(struct redis_client *client, const char *key, struct span command,
    redisCallbackFn *fn, void *privdata)
{
	if (client->cluster != NULL)
		return redis_cluster_send(client->cluster, slot_of(span_of(key)),
		    (struct span){xmemdup(command.p, command.len), command.len}, fn, privdata);
	start_watch(client);
	return redis_link_send(client->link, command, fn, privdata);
}

bool redis_client_call_beside(struct redis_client *client, const struct redis_client *other,
    struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	const struct redis_address *server = redis_link_address(other->link);

	if (client->cluster != NULL)
		return redis_cluster_send_to(client->cluster, server, args, fn, privdata);
	return redis_address_same(redis_link_address(client->link), server) &&
	       redis_link_call(client->link, args, fn, privdata);
}

void redis_client_reset(struct redis_client *client, const char *why)
{
	if (client->cluster != NULL) {
		redis_cluster_reset(client->cluster, why);
		return;
	}
	if (has_choice(client))
		topology_doubt(client->topology, redis_link_address(client->link));
	redis_link_reset(client->link, why);
}

static void log_error(struct redis_client *client, const redisReply *reply, const char *doing)
{
	if (time(NULL) != client->last_error)
		log_warnx("Redis: %s: %s", doing, reply->str);
	client->last_error = time(NULL);
}

/* Of the one server that this client is at. In a Cluster "later" is nothing to speak of. */
static void heed_error(struct redis_client *client, const redisReply *reply, const char *doing)
{
	const bool in_cluster = topology_kind(client->topology) == REDIS_CLUSTER;
	struct redirection to;

	redirection_read(&to, reply, redis_link_address(client->link));
	if (in_cluster && to.kind == REDIRECTION_MOVED)
		topology_moved(client->topology, to.slot, &to.to);
	else if (reply_is_error(reply, "NOSCRIPT"))
		redis_client_reset(client, "the server has lost our scripts");
	else if (reply_is_error(reply, "READONLY") || reply_is_error(reply, "UNBLOCKED"))
		redis_client_reset(client, "the server is no master any more");
	else if (!in_cluster || to.kind == REDIRECTION_NONE)
		log_error(client, reply, doing);
}

bool redis_client_failed(struct redis_client *client, const redisReply *reply, const char *doing)
{
	if (reply == NULL)
		return true;
	if (reply->type != REDIS_REPLY_ERROR)
		return false;
	if (client->cluster != NULL)
		log_error(client, reply, doing);
	else
		heed_error(client, reply, doing);
	return true;
}
