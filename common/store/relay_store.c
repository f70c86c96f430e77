#include "relay_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/event_struct.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/provider/health.h"
#include "health_commands.h"
#include "keys.h"
#include "maker_command.h"
#include "redis_args.h"
#include "redis_client.h"
#include "redis_reply.h"
#include "relay_beat.h"

enum {
	READY_MS = 500,  /* that Redis may take to tell of the deployments at the start */
	ANSWER_MS = 1000 /* that a client is kept waiting for Redis */
};

/* What Redis is told. */
enum telling {
	TELL_OWNER,  /* whose a provider's response is, and which deployment's */
	TELL_FORGET, /* that it is nobody's any more */
	TELL_MAKER,  /* which deployment has made an encrypted content */
};

/*
 * What is being remembered, or forgotten. It is sent again when the connection broke before the
 * answer.
 */
struct remembering {
	struct relay_store *store;
	LIST_ENTRY(remembering) link;
	struct event timer;
	void (*done)(void *ctx); /* NULL if nobody waits any more */
	void *ctx;
	bool sent; /* and the answer will come, be it that there is none */
	bool late; /* that comes too late: it is not sent again */
	enum telling telling;
	union {
		struct native_key key;
		struct sealed_key sealed; /* for TELL_MAKER */
	};
	char *tenant;             /* NULL for TELL_MAKER */
	char *deployment, *model; /* NULL to forget */
};

LIST_HEAD(remembering_list, remembering);

struct relay_store {
	struct roster *roster;
	struct roster *linked; /* that redis was made with: it points into its configuration */
	struct key_space space;
	struct topology *topology;
	struct redis_client_user user;
	long long down_at; /* ms: since when there is no connection, while there is none */
	struct redis_client *redis;
	struct remembering_list open;
	struct event tick;        /* reads health; at first it is the end of waiting for that */
	void (*ready)(void *ctx); /* NULL once called */
	void *ctx;
	time_t warned_at;
	struct event_base *base;
	struct relay_beat *beat;
	struct relay_admissions *admissions;
};

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
		log_warnx("Redis is away: whose a provider's response is, or which deployment "
			  "made it, cannot be noted");
	store->warned_at = now;
}

static void on_health(redisAsyncContext *redis, void *data, void *privdata)
{
	struct relay_store *store = privdata;
	bool failed = redis_client_failed(store->redis, data, "health");

	(void)redis;
	health_take(&store->roster->health, failed ? NULL : data);
	say_ready(store);
}

static void read_health(struct relay_store *store)
{
	struct redis_args args = {0};

	health_read_args(&args, &store->space);
	redis_client_call(store->redis, &args, on_health, store);
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
	timer_set(&store->tick, HEALTH_READ_MS);
}

static void send_again(struct relay_store *store);

static void on_down(void *ctx)
{
	struct relay_store *store = ctx;

	store->down_at = monotonic_ms();
	relay_admissions_down(store->admissions);
}

static void on_up(void *ctx)
{
	struct relay_store *store = ctx;

	send_again(store);
	/* What is admitted then is given back by others once the relay is lost that beats. */
	relay_beat_up(store->beat);
	relay_admissions_up(store->admissions);
	if (health_is_of_interest(store))
		read_health(store);
	else
		say_ready(store);
}

void relay_store_report(struct relay_store *store, const struct config *config,
    const struct deployment *deployment, bool failed, long long limit_ms)
{
	struct redis_args args = {0};

	if (limit_ms == 0 && !health_matters(config))
		return;
	health_report_args(&args, &store->space, config, deployment, failed, limit_ms);
	redis_client_call(store->redis, &args, on_health, store);
}

/* The caller waits no longer. */
static void say_done(struct remembering *remembering)
{
	void (*done)(void *ctx) = remembering->done;

	remembering->done = NULL;
	if (done != NULL)
		done(remembering->ctx);
}

static void finish(struct remembering *remembering)
{
	LIST_REMOVE(remembering, link);
	evtimer_del(&remembering->timer);
	say_done(remembering);
	free(remembering->tenant);
	free(remembering->deployment);
	free(remembering->model);
	free(remembering);
}

/* Whether Redis has said that it will not do it, however often it is asked. */
static bool is_refused(const redisReply *reply)
{
	return reply != NULL && reply->type == REDIS_REPLY_ERROR &&
	       !reply_is_error(reply, "NOSCRIPT") && !reply_is_error(reply, "READONLY");
}

static void on_remembered(redisAsyncContext *redis, void *data, void *privdata)
{
	struct remembering *remembering = privdata;
	bool refused = is_refused(data);

	(void)redis;
	remembering->sent = false;
	if (!redis_client_failed(remembering->store->redis, data, "remember") || refused ||
	    remembering->late)
		finish(remembering);
}

static bool send_script(struct remembering *remembering)
{
	struct relay_store *store = remembering->store;
	struct redis_args args = {0};

	redis_args_script(
	    &args, remembering->telling == TELL_OWNER ? SCRIPT_REMEMBER : SCRIPT_FORGET, 1);
	redis_args_add(&args, remembering->key.name);
	redis_args_add(&args, remembering->tenant);
	if (remembering->telling == TELL_OWNER) {
		redis_args_add(&args, remembering->deployment);
		redis_args_add(&args, remembering->model);
		redis_args_add_number(&args, store->roster->config->native_ttl);
	}
	return redis_client_call(store->redis, &args, on_remembered, remembering);
}

static bool send_maker(struct remembering *remembering)
{
	struct relay_store *store = remembering->store;
	struct redis_args args = {0};
	struct buf value = {0};
	bool sent;

	maker_write(&value, remembering->deployment, remembering->model);
	maker_args(
	    &args, remembering->sealed.name, buf_span(&value), store->roster->config->native_ttl);
	sent = redis_client_call(store->redis, &args, on_remembered, remembering);
	buf_free(&value);
	return sent;
}

static void send_to_redis(struct remembering *remembering)
{
	remembering->sent =
	    remembering->telling == TELL_MAKER ? send_maker(remembering) : send_script(remembering);
}

static void send_again(struct relay_store *store)
{
	struct remembering *remembering = LIST_FIRST(&store->open);

	for (; remembering != NULL; remembering = LIST_NEXT(remembering, link)) {
		if (!remembering->sent)
			send_to_redis(remembering);
	}
}

/* Its answer is still to come, and ends it. */
static void give_up(struct remembering *remembering)
{
	remembering->late = true;
	say_done(remembering);
}

static void on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct remembering *remembering = ctx;
	struct relay_store *store = remembering->store;

	(void)fd;
	(void)what;
	/* One connection calls back for all that wait for an answer, this one included. */
	if (remembering->sent)
		redis_client_reset(store->redis, "no answer in time");
	warn_away(store);
	if (remembering->sent)
		give_up(remembering);
	else
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

/* It has been away for longer than anybody is kept waiting: the next connection may be far off. */
static bool is_away(const struct relay_store *store)
{
	return !redis_client_is_up(store->redis) && monotonic_ms() - store->down_at > ANSWER_MS;
}

/* Takes the parts of what, whose link, store and timer are set here, and tells Redis. */
static struct remembering *tell(struct relay_store *store, const struct remembering *what)
{
	struct remembering *remembering = xmalloc(sizeof(*remembering));

	*remembering = *what;
	remembering->store = store;
	LIST_INSERT_HEAD(&store->open, remembering, link);
	evtimer_assign(&remembering->timer, store->base, on_late, remembering);
	timer_set(&remembering->timer, ANSWER_MS);
	send_to_redis(remembering);
	return remembering;
}

struct remembering *relay_store_remember(struct relay_store *store, struct span id,
    const char *tenant, const char *deployment, const char *model, void (*done)(void *ctx),
    void *ctx)
{
	struct remembering what = {.telling = TELL_OWNER, .done = done, .ctx = ctx};
	char text[NATIVE_ID_MAX + 1];

	if (!copy_id(text, id) || !native_key(&what.key, &store->space, text))
		return NULL;
	if (is_away(store)) {
		warn_away(store);
		return NULL;
	}
	what.tenant = xstrdup(tenant);
	what.deployment = xstrdup(deployment);
	what.model = xstrdup(model);
	return tell(store, &what);
}

struct remembering *relay_store_note_maker(struct relay_store *store, const char *hash,
    const char *deployment, const char *model, void (*done)(void *ctx), void *ctx)
{
	struct remembering what = {.telling = TELL_MAKER, .done = done, .ctx = ctx};

	if (is_away(store)) {
		warn_away(store);
		return NULL;
	}
	sealed_key(&what.sealed, &store->space, hash);
	what.deployment = xstrdup(deployment);
	what.model = xstrdup(model);
	return tell(store, &what);
}

void remembering_abandon(struct remembering *remembering)
{
	remembering->done = NULL;
}

void relay_store_forget(struct relay_store *store, const char *id, const char *tenant)
{
	struct remembering what = {.telling = TELL_FORGET};

	if (!native_key(&what.key, &store->space, id))
		return;
	what.tenant = xstrdup(tenant);
	tell(store, &what);
}

bool relay_store_use(struct relay_store *store, struct roster *roster)
{
	if (!redis_config_same(&store->linked->config->redis, &roster->config->redis))
		return false;
	roster_free(store->roster);
	store->roster = roster_hold(roster);
	if (health_is_of_interest(store))
		timer_set(&store->tick, 0);
	return true;
}

bool relay_store_is_up(const struct relay_store *store)
{
	return redis_client_is_up(store->redis);
}

void relay_store_show(struct relay_store *store, int streams)
{
	relay_beat_show(store->beat, streams);
}

struct counts *relay_store_counts(struct relay_store *store)
{
	return relay_beat_counts(store->beat);
}

struct relay_admissions *relay_store_admissions(struct relay_store *store)
{
	return store->admissions;
}

void relay_store_leave(struct relay_store *store, void (*left)(void *ctx), void *ctx)
{
	relay_beat_leave(store->beat, left, ctx);
}

static const enum script scripts[] = {
    SCRIPT_ADMIT,
    SCRIPT_FORGET,
    SCRIPT_HEALTH,
    SCRIPT_RELAY_BEAT,
    SCRIPT_REMEMBER,
    SCRIPT_REPORT,
    SCRIPT_SETTLE,
};

struct relay_store *relay_store_new(
    struct event_base *base, struct roster *roster, void (*ready)(void *ctx), void *ctx)
{
	struct relay_store *store = xcalloc(1, sizeof(*store));

	LIST_INIT(&store->open);
	store->base = base;
	store->roster = roster_hold(roster);
	store->linked = roster_hold(roster);
	key_space_init(&store->space, roster->config->redis.namespace);
	store->down_at = monotonic_ms();
	store->ready = ready;
	store->ctx = ctx;
	store->user = (struct redis_client_user){.name = "commands",
	    .scripts = scripts,
	    .script_count = sizeof(scripts) / sizeof(scripts[0]),
	    .up = on_up,
	    .down = on_down,
	    .ctx = store};
	store->topology = topology_new(base, &roster->config->redis, "relay");
	store->redis = redis_client_new(store->topology, &store->user);
	store->beat = relay_beat_new(base, store->redis, &store->space);
	store->admissions = relay_admissions_new(base, store->redis, &store->space,
	    relay_beat_name(store->beat), relay_beat_uses(store->beat));
	evtimer_assign(&store->tick, base, on_tick, store);
	timer_set(&store->tick, READY_MS);
	return store;
}

void relay_store_free(struct relay_store *store)
{
	if (store == NULL)
		return;
	relay_admissions_close(store->admissions);
	redis_client_free(store->redis);
	relay_beat_free(store->beat);
	relay_admissions_free(store->admissions);
	topology_free(store->topology);
	while (!LIST_EMPTY(&store->open))
		finish(LIST_FIRST(&store->open));
	evtimer_del(&store->tick);
	roster_free(store->roster);
	roster_free(store->linked);
	free(store);
}
