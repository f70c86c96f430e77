#include "relay_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/event_struct.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/provider/health.h"
#include "health_commands.h"
#include "keys.h"
#include "redis_args.h"
#include "redis_link.h"

enum {
	READY_MS = 500,  /* that Redis may take to tell of the deployments at the start */
	ANSWER_MS = 1000 /* that a client is kept waiting for Redis */
};

/* An id that is being remembered. It is sent again when the connection broke before the answer. */
struct remembering {
	struct relay_store *store;
	LIST_ENTRY(remembering) link;
	struct event late;
	void (*done)(void *ctx); /* NULL if nobody waits any more */
	void *ctx;
	bool sent; /* and the answer will come, be it that there is none */
	struct native_key key;
	char *tenant, *deployment, *model;
};

LIST_HEAD(remembering_list, remembering);

struct relay_store {
	struct roster *roster;
	struct redis_link_user user;
	struct redis_link *link;
	struct remembering_list open;
	struct event tick;        /* reads health; at first it is the end of waiting for that */
	void (*ready)(void *ctx); /* NULL once called */
	void *ctx;
	time_t warned_at;
	struct event_base *base;
};

static void set_timer(struct event *timer, int ms)
{
	struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	evtimer_add(timer, &delay);
}

static void say_ready(struct relay_store *store)
{
	void (*ready)(void *ctx) = store->ready;

	store->ready = NULL;
	if (ready != NULL)
		ready(store->ctx);
}

static void warn_away(struct relay_store *store)
{
	time_t now = time(NULL);

	if (now != store->warned_at)
		log_warnx("Redis is away: whose a provider's response is cannot be remembered");
	store->warned_at = now;
}

static void on_health(redisAsyncContext *redis, void *data, void *privdata)
{
	struct relay_store *store = privdata;
	bool failed = redis_link_failed(store->link, data, "health");

	(void)redis;
	health_take(&store->roster->health, failed ? NULL : data);
	say_ready(store);
}

static void read_health(struct relay_store *store)
{
	struct redis_args args = {0};

	health_read_args(&args);
	redis_link_call(store->link, &args, on_health, store);
}

static bool health_is_of_interest(const struct relay_store *store)
{
	return health_matters(store->roster->config);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct relay_store *store = ctx;

	(void)fd;
	(void)what;
	say_ready(store);
	if (!health_is_of_interest(store))
		return;
	read_health(store);
	set_timer(&store->tick, HEALTH_READ_MS);
}

static void send_again(struct relay_store *store);

static void on_up(void *ctx)
{
	struct relay_store *store = ctx;

	send_again(store);
	if (health_is_of_interest(store))
		read_health(store);
	else
		say_ready(store);
}

void relay_store_report(struct relay_store *store, const struct config *config,
    const struct deployment *deployment, bool failed)
{
	struct redis_args args = {0};

	if (!health_matters(config))
		return;
	health_report_args(&args, config, deployment, failed);
	redis_link_call(store->link, &args, on_health, store);
}

static void finish(struct remembering *remembering)
{
	LIST_REMOVE(remembering, link);
	evtimer_del(&remembering->late);
	if (remembering->done != NULL)
		remembering->done(remembering->ctx);
	free(remembering->tenant);
	free(remembering->deployment);
	free(remembering->model);
	free(remembering);
}

/* Whether Redis has said that it will not do it, however often it is asked. */
static bool is_refused(const redisReply *reply)
{
	return reply != NULL && reply->type == REDIS_REPLY_ERROR &&
	       strncmp(reply->str, "NOSCRIPT", 8) != 0 && strncmp(reply->str, "READONLY", 8) != 0;
}

static void on_remembered(redisAsyncContext *redis, void *data, void *privdata)
{
	struct remembering *remembering = privdata;
	bool refused = is_refused(data);

	(void)redis;
	remembering->sent = false;
	if (!redis_link_failed(remembering->store->link, data, "remember") || refused)
		finish(remembering);
}

static void send_to_redis(struct remembering *remembering)
{
	struct relay_store *store = remembering->store;
	struct redis_args args = {0};

	redis_args_script(&args, SCRIPT_REMEMBER, 1);
	redis_args_add(&args, remembering->key.name);
	redis_args_add(&args, remembering->tenant);
	redis_args_add(&args, remembering->deployment);
	redis_args_add(&args, remembering->model);
	redis_args_add_number(&args, store->roster->config->native_ttl);
	remembering->sent = redis_link_call(store->link, &args, on_remembered, remembering);
}

static void send_again(struct relay_store *store)
{
	struct remembering *remembering = LIST_FIRST(&store->open);

	for (; remembering != NULL; remembering = LIST_NEXT(remembering, link)) {
		if (!remembering->sent)
			send_to_redis(remembering);
	}
}

static void on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct remembering *remembering = ctx;

	(void)fd;
	(void)what;
	/* Calls back for all that wait for an answer, this one included. */
	if (remembering->sent)
		redis_link_reset(remembering->store->link, "no answer in time");
	warn_away(remembering->store);
	finish(remembering);
}

static bool copy_id(char out[NATIVE_ID_MAX + 1], struct span id)
{
	if (id.len == 0 || id.len > NATIVE_ID_MAX || memchr(id.p, '\0', id.len) != NULL)
		return false;
	memcpy(out, id.p, id.len);
	out[id.len] = '\0';
	return true;
}

struct remembering *relay_store_remember(struct relay_store *store, struct span id,
    const char *tenant, const char *deployment, const char *model, void (*done)(void *ctx),
    void *ctx)
{
	struct native_key key;
	struct remembering *remembering;
	char text[NATIVE_ID_MAX + 1];

	if (!copy_id(text, id) || !native_key(&key, text))
		return NULL;
	if (!redis_link_is_up(store->link)) {
		warn_away(store);
		return NULL;
	}
	remembering = xcalloc(1, sizeof(*remembering));
	*remembering = (struct remembering){.store = store,
	    .done = done,
	    .ctx = ctx,
	    .key = key,
	    .tenant = xstrdup(tenant),
	    .deployment = xstrdup(deployment),
	    .model = xstrdup(model)};
	LIST_INSERT_HEAD(&store->open, remembering, link);
	evtimer_assign(&remembering->late, store->base, on_late, remembering);
	set_timer(&remembering->late, ANSWER_MS);
	send_to_redis(remembering);
	return remembering;
}

void remembering_abandon(struct remembering *remembering)
{
	remembering->done = NULL;
}

static void on_forgotten(redisAsyncContext *redis, void *data, void *privdata)
{
	struct relay_store *store = privdata;

	(void)redis;
	redis_link_failed(store->link, data, "forget");
}

void relay_store_forget(struct relay_store *store, const char *id, const char *tenant)
{
	struct redis_args args = {0};
	struct native_key key;

	if (!native_key(&key, id))
		return;
	redis_args_script(&args, SCRIPT_FORGET, 1);
	redis_args_add(&args, key.name);
	redis_args_add(&args, tenant);
	redis_link_call(store->link, &args, on_forgotten, store);
}

struct relay_store *relay_store_new(
    struct event_base *base, struct roster *roster, void (*ready)(void *ctx), void *ctx)
{
	struct relay_store *store = xcalloc(1, sizeof(*store));

	LIST_INIT(&store->open);
	store->base = base;
	store->roster = roster_hold(roster);
	store->ready = ready;
	store->ctx = ctx;
	store->user = (struct redis_link_user){
	    .name = "commands", .scripts = true, .up = on_up, .ctx = store};
	store->link = redis_link_new(base, &roster->config->redis, &store->user);
	evtimer_assign(&store->tick, base, on_tick, store);
	set_timer(&store->tick, READY_MS);
	return store;
}

void relay_store_free(struct relay_store *store)
{
	if (store == NULL)
		return;
	redis_link_free(store->link);
	while (!LIST_EMPTY(&store->open))
		finish(LIST_FIRST(&store->open));
	evtimer_del(&store->tick);
	roster_free(store->roster);
	free(store);
}
