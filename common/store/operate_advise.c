#include "common/base/clock.h"
#include "operate_internal.h"
#include "redis_advice.h"
#include "redis_slot.h"
#include "slot_map.h"
#include "store_cluster_map.h"

/* The connection over which store_ping() has just been answered; NULL if it is gone. */
static struct store_server *pinged_server(struct store *store)
{
	struct store_cluster *cluster = &store->cluster;
	const struct redis_address *owner;

	if (store->kind == REDIS_SENTINEL)
		return &store->sentinel.master;
	if (store->kind != REDIS_CLUSTER)
		return &store->server;
	owner = slot_map_owner(&cluster->map, redis_slot(span_of(store->space.queue)));
	return owner != NULL ? store_cluster_node(cluster, owner) : NULL;
}

/*
 * Asks one question. What the server refuses to tell is not known, and no reason to stop. False if
 * it cannot be asked at all.
 */
static bool ask(struct store_server *server, struct redis_facts *facts, int number,
    const struct redis_args *question)
{
	double asked_at = monotonic_seconds();
	redisReply *reply;

	if (!store_server_exchange(server, question, 1, &reply))
		return false;
	redis_facts_take(facts, number, reply, monotonic_seconds() - asked_at);
	freeReplyObject(reply);
	return true;
}

enum store_result store_advise(struct store *store, redis_finding_fn *fn, void *ctx)
{
	struct redis_args question = {0};
	struct store_server *server;
	struct redis_facts facts;

	/* So that making the connection does not count as distance. */
	if (store_ping(store) != STORE_OK)
		return STORE_UNAVAILABLE;
	server = pinged_server(store);
	if (server == NULL || server->redis == NULL)
		return STORE_UNAVAILABLE;
	redis_facts_init(&facts);
	for (int number = 0; redis_facts_question(&facts, number, &question); number++) {
		if (!ask(server, &facts, number, &question))
			return STORE_UNAVAILABLE;
		question = (struct redis_args){0};
	}
	redis_advise(&facts, fn, ctx);
	return STORE_OK;
}
