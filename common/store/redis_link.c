#include "redis_link.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/lookup.h"
#include "common/base/log.h"
#include "redis_events.h"
#include "redis_link_internal.h"

enum {
	SETUP_SECONDS = 5, /* for a connection to become usable */
	FIRST_PAUSE_MS = 50,
	LONGEST_PAUSE_MS = 2000,
};

static void connect_now(struct redis_link *link);

void redis_link_start_timer(struct redis_link *link, int ms)
{
	struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	event_add(link->timer, &delay);
}

/* Up to half of the pause is left to chance, so that many workers do not come back in step. */
static int jittered(int ms)
{
	return ms / 2 + (int)(random() % (ms / 2 + 1));
}

static void retry_later(struct redis_link *link)
{
	redis_link_start_timer(link, jittered(link->pause_ms));
	link->pause_ms *= 2;
	if (link->pause_ms > LONGEST_PAUSE_MS)
		link->pause_ms = LONGEST_PAUSE_MS;
}

/* The connection is gone; hiredis frees its context after this. */
static void went_down(struct redis_link *link, const char *why)
{
	bool was_up = link->up;

	link->redis = NULL;
	link->up = false;
	if (link->closing)
		return;
	if (!link->reported)
		log_warnx("Redis (%s): %s; connecting again", link->user->name, why);
	link->reported = true;
	retry_later(link);
	if (was_up && link->user->down != NULL)
		link->user->down(link->user->ctx);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
	struct redis_link *link = redis->data;

	if (link != NULL && link->redis == redis)
		went_down(link, status == REDIS_OK ? "connection closed" : redis->errstr);
}

static void on_connect(const redisAsyncContext *redis, int status)
{
	struct redis_link *link = redis->data;

	/* After a failed connect hiredis frees the context without calling on_disconnect. */
	if (status != REDIS_OK && link != NULL && link->redis == redis)
		went_down(link, redis->errstr);
}

void redis_link_reset(struct redis_link *link, const char *why)
{
	redisAsyncContext *redis = link->redis;

	if (redis == NULL)
		return;
	redis->data = NULL;
	redisAsyncFree(redis);
	went_down(link, why);
}

static void settle(struct redis_link *link)
{
	if (link->reported)
		log_info("Redis (%s): connected again", link->user->name);
	link->reported = false;
	link->pause_ms = FIRST_PAUSE_MS;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_link *link = ctx;

	(void)fd;
	(void)what;
	if (link->up)
		settle(link);
	else if (link->redis != NULL)
		redis_link_reset(link, "no answer in time");
	else
		connect_now(link);
}

/* Takes the connection that is being made, or none if there is no memory for one. */
static void use_connection(struct redis_link *link, redisAsyncContext *redis)
{
	if (redis == NULL)
		fatalx("out of memory");
	if (redis->err != 0) {
		went_down(link, redis->errstr);
		redisAsyncFree(redis);
		return;
	}
	link->redis = redis;
	redis->data = link;
	if (link->config->socket_path == NULL)
		redisEnableKeepAlive(&redis->c);
	redis_events_attach(redis, link->base);
	redisAsyncSetConnectCallback(redis, on_connect);
	redisAsyncSetDisconnectCallback(redis, on_disconnect);
	redis_link_start_timer(link, SETUP_SECONDS * 1000);
	redis_link_set_up(link);
}

/* lookup_fn */
static void on_looked_up(void *ctx, const char *address, const char *error)
{
	struct redis_link *link = ctx;

	link->lookup = NULL;
	if (address != NULL)
		use_connection(link, redisAsyncConnect(address, link->config->port));
	else
		went_down(link, error);
}

/* hiredis would look the name up, and wait for that. */
static void look_host_up(struct redis_link *link)
{
	link->lookup = lookup_start(link->base, link->config->host, on_looked_up, link);
	if (link->lookup == NULL)
		went_down(link, strerror(errno));
}

static void connect_now(struct redis_link *link)
{
	const struct redis_config *config = link->config;

	if (config->socket_path != NULL)
		use_connection(link, redisAsyncConnectUnix(config->socket_path));
	else if (lookup_is_numeric(config->host))
		use_connection(link, redisAsyncConnect(config->host, config->port));
	else if (link->lookup == NULL)
		look_host_up(link);
}

struct redis_link *redis_link_new(
    struct event_base *base, const struct redis_config *config, const struct redis_link_user *user)
{
	struct redis_link *link = xcalloc(1, sizeof(*link));

	link->base = base;
	link->config = config;
	link->user = user;
	link->pause_ms = FIRST_PAUSE_MS;
	link->timer = evtimer_new(base, on_timer, link);
	if (link->timer == NULL)
		fatalx("out of memory");
	redis_link_start_timer(link, 0);
	return link;
}

void redis_link_free(struct redis_link *link)
{
	if (link == NULL)
		return;
	link->closing = true;
	if (link->redis != NULL) {
		redisAsyncContext *redis = link->redis;

		link->redis = NULL;
		link->up = false;
		redisAsyncFree(redis);
	}
	lookup_cancel(link->lookup);
	event_free(link->timer);
	free(link);
}

bool redis_link_is_up(const struct redis_link *link)
{
	return link->up;
}

bool redis_link_call(
    struct redis_link *link, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	if (!link->up)
		return false;
	return redisAsyncCommandArgv(link->redis, fn, privdata, args->count,
		   (const char **)args->values, args->lengths) == REDIS_OK;
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool redis_link_failed(struct redis_link *link, const redisReply *reply, const char *doing)
{
	if (reply == NULL)
		return true;
	if (reply->type != REDIS_REPLY_ERROR)
		return false;
	if (begins_with(reply->str, "NOSCRIPT"))
		redis_link_reset(link, "the server has lost our scripts");
	else if (begins_with(reply->str, "READONLY") || begins_with(reply->str, "UNBLOCKED"))
		redis_link_reset(link, "the server is no master any more");
	else if (time(NULL) != link->last_error)
		log_warnx("Redis: %s: %s", doing, reply->str);
	link->last_error = time(NULL);
	return true;
}
