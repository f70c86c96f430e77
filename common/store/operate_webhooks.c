#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "delivery_line.h"
#include "operate_internal.h"
#include "webhooks.h"

enum { REPLY_TRIPLE = 3, REPLY_ENDPOINT = 5, CURSOR_SIZE = 256 };

/* The elements of the reply of webhooks_list.lua. */
enum { IS_CURSOR, IS_FOUND, IS_NOW, IS_WAITING, IS_DEAD, IS_ENDPOINTS, IS_ELEMENTS };

/* A delivery, and when something last happened to it: its last try, or its end; 0 if nothing. */
struct ranked {
	struct store_delivery delivery;
	long long happened_at;
};

/* The deliveries that come first in the list, of those that were looked at by now. */
struct ranking {
	struct ranked *all;
	size_t count;
	size_t most; /* there is room for a piece more */
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *first = a, *second = b;
	const long long due[] = {first->delivery.due_at, second->delivery.due_at};

	if (first->happened_at != second->happened_at)
		return first->happened_at > second->happened_at ? -1 : 1;
	return (due[0] > due[1]) - (due[0] < due[1]);
}

static const char *lines_of(const struct webhooks_config *webhooks)
{
	return webhooks->lines != NULL ? webhooks->lines : "";
}

static void add_keys(struct redis_args *args, const struct store *store, enum script script)
{
	redis_args_script(args, script, 4);
	redis_args_add(args, store->space.webhooks);
	redis_args_add(args, store->space.webhooks_about);
	redis_args_add(args, store->space.webhooks_dead);
	redis_args_add(args, store->space.webhooks_endpoints);
}

/* Of what waits, only what comes before the last one is of use once the ranking is full. */
static void add_least(struct redis_args *args, const struct ranking *ranking)
{
	const struct ranked *last;

	if (ranking->count < ranking->most) {
		redis_args_add_number(args, -1);
		redis_args_add_number(args, 0);
		return;
	}
	last = &ranking->all[ranking->count - 1];
	redis_args_add_number(args, last->happened_at);
	redis_args_add_number(args, last->delivery.due_at);
}

static bool ask(struct store *store, const struct webhooks_config *webhooks, const char *cursor,
    const struct ranking *ranking)
{
	struct redis_args args = {0};

	add_keys(&args, store, SCRIPT_WEBHOOKS_LIST);
	redis_args_add(&args, cursor);
	redis_args_add(&args, lines_of(webhooks));
	redis_args_add_number(&args, (long long)ranking->most);
	add_least(&args, ranking);
	return store_call(store, &args, 1) && store->replies[0]->elements > IS_FOUND;
}

/* False if it is none. */
static bool read_delivery(struct ranked *out, redisReply *const *triple)
{
	struct store_delivery *delivery = &out->delivery;
	struct delivery_line line;

	if (!delivery_id_copy(delivery->id, reply_span(triple[0])) ||
	    !delivery_line_read(&line, reply_span(triple[1])))
		return false;
	snprintf(delivery->endpoint, sizeof(delivery->endpoint), "%s", line.endpoint);
	snprintf(delivery->response, sizeof(delivery->response), "%s", line.response);
	delivery->how = line.how;
	delivery->state = line.due_at == 0 ? DELIVERY_DEAD : DELIVERY_WAITING;
	delivery->ended_at = line.ended_at;
	delivery->due_at = line.due_at;
	delivery->tried_at = line.tried_at;
	delivery->tries = (int)line.tries;
	delivery->why = xmemdup(line.why.p, line.why.len);
	out->happened_at = line.due_at == 0 ? reply_number(triple[2], 0) : line.tried_at;
	return true;
}

static void cut(struct ranking *ranking, size_t most)
{
	while (ranking->count > most)
		free(ranking->all[--ranking->count].delivery.why);
}

static void rank(struct ranking *ranking, const redisReply *found)
{
	const size_t more = found->elements / REPLY_TRIPLE;

	ranking->all = xrealloc(ranking->all, (ranking->count + more + 1) * sizeof(*ranking->all));
	for (size_t i = 0; i < more; i++) {
		if (read_delivery(&ranking->all[ranking->count], &found->element[REPLY_TRIPLE * i]))
			ranking->count++;
	}
	qsort(ranking->all, ranking->count, sizeof(*ranking->all), by_rank);
	cut(ranking, ranking->most);
}

static void take_endpoints(struct store_webhooks *out, const redisReply *reply)
{
	out->endpoint_count = reply->elements / REPLY_ENDPOINT;
	out->endpoints = xcalloc(out->endpoint_count + 1, sizeof(*out->endpoints));
	for (size_t i = 0; i < out->endpoint_count; i++) {
		redisReply *const *element = &reply->element[REPLY_ENDPOINT * i];
		struct store_endpoint *endpoint = &out->endpoints[i];

		snprintf(endpoint->name, sizeof(endpoint->name), "%s", element[0]->str);
		endpoint->waiting = reply_number(element[1], 0);
		endpoint->failures = reply_number(element[2], 0);
		endpoint->rests_until = reply_number(element[3], 0);
		endpoint->off = reply_number(element[4], 0) != 0;
	}
}

static void take_head(struct store_webhooks *out, const redisReply *reply)
{
	if (reply->elements != IS_ELEMENTS)
		return;
	out->now = reply_number(reply->element[IS_NOW], 0);
	out->waiting = reply_number(reply->element[IS_WAITING], 0);
	out->dead = reply_number(reply->element[IS_DEAD], 0);
	take_endpoints(out, reply->element[IS_ENDPOINTS]);
}

static bool rank_all(struct store *store, const struct webhooks_config *webhooks,
    struct ranking *ranking, struct store_webhooks *out)
{
	char cursor[CURSOR_SIZE] = "";

	do {
		const redisReply *reply;

		if (!ask(store, webhooks, cursor, ranking))
			return false;
		reply = store->replies[0];
		take_head(out, reply);
		rank(ranking, reply->element[IS_FOUND]);
		snprintf(cursor, sizeof(cursor), "%s", reply->element[IS_CURSOR]->str);
	} while (cursor[0] != '\0');
	return true;
}

static void take_deliveries(struct store_webhooks *out, const struct ranking *ranking)
{
	out->deliveries = xcalloc(ranking->count + 1, sizeof(*out->deliveries));
	for (size_t i = 0; i < ranking->count; i++)
		out->deliveries[i] = ranking->all[i].delivery;
	out->count = ranking->count;
}

enum store_result store_webhooks(struct store *store, const struct webhooks_config *webhooks,
    size_t limit, struct store_webhooks *out)
{
	struct ranking ranking = {.most = limit + 1};
	enum store_result result = STORE_OK;

	*out = (struct store_webhooks){0};
	if (!rank_all(store, webhooks, &ranking, out))
		result = STORE_UNAVAILABLE;
	out->has_more = ranking.count > limit;
	cut(&ranking, result == STORE_OK ? limit : 0);
	take_deliveries(out, &ranking);
	free(ranking.all);
	if (result != STORE_OK)
		store_webhooks_free(out);
	return result;
}

void store_webhooks_free(struct store_webhooks *webhooks)
{
	for (size_t i = 0; i < webhooks->count; i++)
		free(webhooks->deliveries[i].why);
	free(webhooks->deliveries);
	free(webhooks->endpoints);
	*webhooks = (struct store_webhooks){0};
}

/* One piece; cursor says where it begins, and then where it has ended. */
static bool redeliver_piece(struct store *store, const struct webhooks_config *webhooks,
    const struct store_redelivery *which, char cursor[CURSOR_SIZE], struct store_redelivered *out)
{
	struct redis_args args = {0};
	const redisReply *reply;

	add_keys(&args, store, SCRIPT_WEBHOOKS_RETRY);
	redis_args_add(&args, cursor);
	redis_args_add(&args, which->id != NULL ? which->id : "");
	redis_args_add_number(&args, which->since_s * 1000);
	redis_args_add(&args, lines_of(webhooks));
	redis_args_add_number(&args, DELIVERY_LEASE_MS);
	if (!store_call(store, &args, 1) || store->replies[0]->elements != 3)
		return false;
	reply = store->replies[0];
	snprintf(cursor, CURSOR_SIZE, "%s", reply->element[0]->str);
	out->found += reply->element[1]->integer;
	out->begun += reply->element[2]->integer;
	return true;
}

enum store_result store_redeliver(struct store *store, const struct webhooks_config *webhooks,
    const struct store_redelivery *which, struct store_redelivered *out)
{
	char cursor[CURSOR_SIZE] = "";

	*out = (struct store_redelivered){0};
	do {
		if (!redeliver_piece(store, webhooks, which, cursor, out))
			return STORE_UNAVAILABLE;
	} while (cursor[0] != '\0');
	return STORE_OK;
}
